use super::*;

#[test]
fn deprecate_should_mark_the_model_when_called_by_the_owner() {
    run(|| {
        let (base, datanet) = (base(), datanet(Licence::OPEN));
        let adapter = Adapter::of(base, datanet).registered();
        assert_ok!(deprecate(OWNER, base));
        assert!(model(base).deprecated);
        assert_eq!(last_event(), Event::Deprecated { model: base }.into());
        // Its descendants stay as they are.
        assert!(!model(adapter).deprecated);
    });
}

#[test]
fn deprecate_should_fail_when_deprecated_already() {
    run(|| {
        let base = base();
        assert_ok!(deprecate(OWNER, base));
        assert_noop!(deprecate(OWNER, base), Error::<Test>::WrongPhase);
    });
}

#[test]
fn deprecate_should_fail_when_not_the_owner() {
    run(|| {
        let base = base();
        assert_noop!(deprecate(STRANGER, base), Error::<Test>::NotOwner);
    });
}

#[test]
fn deprecate_should_fail_when_there_is_no_model() {
    run(|| {
        assert_noop!(deprecate(OWNER, 0), Error::<Test>::NotFound);
    });
}

#[test]
fn deprecate_should_fail_when_not_signed() {
    run(|| assert_needs_signature(Call::deprecate { model: 0 }));
}
