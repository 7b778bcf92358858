use openledger_cli::vouchers::{Given, Vouchers};
use openledger_primitives::H256;

#[test]
fn open_should_find_what_was_saved() {
    let home = tempfile::tempdir().unwrap();
    let given = Given { owed: 3, cumulative: u128::MAX };
    let mut vouchers = Vouchers::open(home.path(), &H256::zero(), 7).unwrap();
    assert_eq!(vouchers.given, Given::default());
    vouchers.save(given).unwrap();
    drop(vouchers);
    let open = |genesis, channel| Vouchers::open(home.path(), &genesis, channel).unwrap().given;
    assert_eq!(open(H256::zero(), 7), given);
    assert_eq!(open(H256::zero(), 8), Given::default());
    assert_eq!(open(H256::repeat_byte(1), 7), Given::default());
}

#[test]
fn open_should_refuse_when_the_file_is_damaged() {
    let home = tempfile::tempdir().unwrap();
    Vouchers::open(home.path(), &H256::zero(), 7).unwrap().save(Given::default()).unwrap();
    let file = home.path().join("vouchers/00000000/7.json");
    std::fs::write(&file, "{\"owed\":").unwrap();
    let error = format!("{:#}", Vouchers::open(home.path(), &H256::zero(), 7).err().unwrap());
    assert!(error.contains("7.json"), "{error}");
}

#[test]
fn or_more_should_take_the_larger_of_each() {
    let (a, b) = (Given { owed: 3, cumulative: 9 }, Given { owed: 5, cumulative: 7 });
    assert_eq!(a.or_more(b), Given { owed: 5, cumulative: 9 });
    assert_eq!(b.or_more(a), Given { owed: 5, cumulative: 9 });
}
