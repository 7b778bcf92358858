//! Licences in JSON.

use openledger_primitives::licence::{Licence, WithdrawnRoyalties};

#[test]
fn json_should_let_royalties_continue_when_it_does_not_say() {
    let mut json = serde_json::to_value(Licence::OPEN).unwrap();
    assert_eq!(json["withdrawn"], "continue");
    json.as_object_mut().unwrap().remove("withdrawn");
    assert_eq!(serde_json::from_value::<Licence>(json.clone()).unwrap(), Licence::OPEN);
    json["withdrawn"] = "redirect".into();
    let licence: Licence = serde_json::from_value(json).unwrap();
    assert_eq!(licence.withdrawn, WithdrawnRoyalties::Redirect);
}
