use anyhow::{anyhow, Context as _};
use openledger_chain::Error as Chain;
use openledger_cli::failure::{classify, sentence, Difference, Remote};

fn refused(name: &str) -> anyhow::Error {
    let docs = "What the runtime says.".into();
    let (pallet, error) = name.split_once("::").unwrap_or(("", name));
    let call = "Pallet.call".into();
    Chain::Refused { call, pallet: pallet.into(), error: error.into(), docs }.into()
}

fn not_taken(reason: &str) -> anyhow::Error {
    Chain::NotTaken { call: "Pallet.call".into(), reason: reason.into() }.into()
}

#[test]
fn sentence_should_say_what_to_do_where_the_chain_does_not() {
    for (error, expected) in [
        (not_taken("Inability to pay some fees (1010)"), "account show"),
        (refused("Token error: Funds are unavailable."), "account show"),
        (refused("Datanets::NotCurator"), "sign as one of them"),
        (refused("Datanets::InvalidVersion"), "datanet review"),
        (refused("Models::ForbiddenByLicence"), "shows the licence"),
        (refused("Payments::NotOperator"), "provider register operator"),
    ] {
        let text = sentence(&error);
        assert!(text.contains("Pallet.call") && text.contains(expected), "{text}");
        assert!(!text.contains(".;"), "{text}");
    }
    let text = sentence(&refused("Attribution::NotFound"));
    assert_eq!(text, "Pallet.call was refused: Attribution::NotFound: What the runtime says.");
}

#[test]
fn sentence_should_not_say_the_same_twice() {
    let io = std::io::Error::from(std::io::ErrorKind::NotFound);
    let store = openledger_store::Error::Io { path: "a/b".into(), source: io };
    let error = anyhow!(store).context("cannot open the store");
    assert_eq!(sentence(&error), "cannot open the store: a/b: entity not found");
}

#[test]
fn classify_should_find_the_cause_below_other_errors() {
    let unreachable = || Chain::Unreachable { url: "ws://x".into(), reason: "y".into() };
    let lost = Chain::Lost { call: "a".into(), reason: "b".into() };
    let remote = |refused: bool| match refused {
        true => Remote::Refused { code: "c".into(), message: "m".into() },
        false => Remote::Unreachable {
            url: "http://x".into(),
            option: "--gateway",
            reason: "y".into(),
            lost: false,
        },
    };
    for (error, expected) in [
        (unreachable().into(), (3, "unreachable")),
        (openledger_gateway::Error::from(unreachable()).into(), (3, "unreachable")),
        (refused("A::B"), (4, "refused")),
        (not_taken("no"), (4, "refused")),
        (lost.into(), (4, "refused")),
        (remote(false).into(), (3, "unreachable")),
        (remote(true).into(), (5, "gateway")),
        (Difference("1 of 2 receipts".into()).into(), (1, "difference")),
        (anyhow!("something else"), (1, "failed")),
    ] {
        let error: anyhow::Error = error;
        assert_eq!(classify(&error), expected, "{error}");
        let deeper = Err::<(), _>(error).context("on the way").context("to somewhere");
        assert_eq!(classify(&deeper.unwrap_err()), expected);
    }
}
