use super::*;

fn metadata() -> Metadata {
    let text = |text: &str| text.as_bytes().to_vec();
    Metadata {
        endpoint: text("https://example.org").try_into().expect("short enough"),
        region: text("eu-west").try_into().expect("short enough"),
        hardware: text("2 x H200").try_into().expect("short enough"),
    }
}

#[test]
fn set_metadata_should_store_it_when_registered() {
    run(|| {
        assert_ok!(register(1, Operator, MIN_BOND));
        assert_ok!(send(1, Call::set_metadata { role: Operator, metadata: metadata() }));
        assert_eq!(stored(1, Operator).metadata, metadata());
        assert_eq!(last_event(), Event::MetadataSet { role: Operator, who: account(1) }.into());
    });
}

#[test]
fn set_metadata_should_fail_when_not_registered() {
    run(|| {
        assert_noop!(
            send(1, Call::set_metadata { role: Operator, metadata: metadata() }),
            Error::<Test>::NotFound
        );
    });
}

#[test]
fn set_metadata_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::set_metadata { role: Operator, metadata: metadata() }));
}
