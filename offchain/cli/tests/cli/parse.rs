use openledger_cli::parse::{
    account, amount, at_most, bytes, fraction, hash, host, ids, metadata, name, origin, signature,
    signer, transfer, version, voucher, Ids,
};
use openledger_primitives::{
    signature::{Signature, Signer},
    UNIT,
};
use proptest::prelude::*;

#[test]
fn amount_should_read_open_and_units() {
    assert_eq!(amount("1"), Ok(UNIT));
    assert_eq!(amount("12.5"), Ok(12 * UNIT + UNIT / 2));
    assert_eq!(amount("0.000000000000000001"), Ok(1));
    assert_eq!(amount("1200u"), Ok(1200));
    assert_eq!(amount("0"), Ok(0));
    assert_eq!(amount(&format!("{}u", u128::MAX)), Ok(u128::MAX));
}

#[test]
fn amount_should_refuse_when_it_is_none() {
    let wrong = [
        "",
        ".5",
        "5.",
        ".",
        "-1",
        "+1",
        "1.0000000000000000001",
        "1e3",
        "u",
        "1.5u",
        "-1u",
        "+1u",
        "1,000",
        "0x10",
        " 1",
        "1 OPEN",
        "٣",
    ];
    for text in wrong {
        assert!(amount(text).unwrap_err().contains("12.5"), "{text:?}");
    }
    for text in ["9".repeat(30), format!("{}0u", u128::MAX)] {
        assert!(amount(&text).unwrap_err().contains("more than"), "{text}");
    }
}

#[test]
fn signer_should_read_accounts_and_ethereum_addresses() {
    let address = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";
    let Ok(Signer::Ethereum(bytes)) = signer(address) else { panic!("an address") };
    assert_eq!((bytes[0], bytes[19]), (0x9d, 0x4f));
    assert_eq!(signer("//Alice"), account("//Alice").map(Signer::Account));
    let account = format!("0x{}", "12".repeat(32));
    assert!(matches!(signer(&account), Ok(Signer::Account(_))));
    for text in ["", "0x12", &address[..41], "9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"] {
        assert!(signer(text).unwrap_err().contains("40 hexadecimal digits"), "{text}");
    }
}

#[test]
fn signature_should_read_each_kind() {
    let text = format!("0x01{}", "07".repeat(64));
    assert_eq!(signature(&text), Ok(Signature::Sr25519([7; 64])));
    for wrong in ["", "07", "0x", "0x01", "0x03"] {
        assert!(!signature(wrong).unwrap_err().is_empty(), "{wrong}");
    }
    assert!(at_most::<3>("abc").is_ok());
    assert!(at_most::<3>("abcd").unwrap_err().contains("at most 3"));
}

#[test]
fn voucher_should_read_json() {
    let json = |signature: &str| {
        format!(r#"{{"channel":7,"cumulative":"1200","expires":900,"signature":"{signature}"}}"#)
    };
    let read = voucher(&json(&format!("0x02{}", "07".repeat(65)))).unwrap();
    assert_eq!(read.signature, Signature::Ethereum([7; 65]));
    assert_eq!((read.voucher.channel, read.voucher.cumulative), (7, 1200));
    for text in ["", "7", &json("0x0207"), &json("0x0307")] {
        assert!(voucher(text).unwrap_err().contains("expected"), "{text}");
    }
}

#[test]
fn ids_should_read_lists_and_ranges() {
    assert_eq!(ids("1,2,5-7"), Ok(Ids(vec![1, 2, 5, 6, 7])));
    assert_eq!(ids(" 3 , 1 "), Ok(Ids(vec![3, 1])));
    assert_eq!(ids("4294967295"), Ok(Ids(vec![u32::MAX])));
    assert_eq!(ids("4294967295-4294967295"), Ok(Ids(vec![u32::MAX])));
}

#[test]
fn ids_should_refuse_when_a_part_is_none_or_there_are_too_many() {
    for text in ["", "1,", ",", "x", "3-1", "-1", "1-", "+1", "1--2", "4294967296", "0x1"] {
        assert!(ids(text).unwrap_err().contains("1,2,5-9"), "{text:?}");
    }
    assert!(ids("1-100000").is_ok());
    for text in ["0-100000", "0-4294967295", "1-100000,1"] {
        assert!(ids(text).unwrap_err().contains("more than"), "{text:?}");
    }
}

#[test]
fn version_should_read_two_numbers_only() {
    assert_eq!(version("0:1"), Ok((0, 1)));
    for text in ["", "1", ":", "1:", ":1", "a:1", "1:2:3", "-1:1", "+1:1"] {
        assert!(version(text).unwrap_err().contains("0:1"), "{text:?}");
    }
}

#[test]
fn account_should_read_every_form() {
    let alice = account("//Alice").unwrap();
    assert_eq!(alice.to_string(), "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY");
    assert_eq!(account(&alice.to_string()), Ok(alice));
    assert_eq!(account(&format!("0x{}", hex::encode(alice.0))), Ok(alice));
}

#[test]
fn account_should_refuse_when_it_is_none() {
    let other_checksum = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQZ";
    for text in ["", "Alice", "/Alice", "0x", "0x12", other_checksum] {
        assert!(account(text).unwrap_err().starts_with("expected"), "{text:?}");
    }
}

#[test]
fn transfer_should_read_an_account_and_an_amount() {
    let bob = account("//Bob").unwrap();
    assert_eq!(transfer("//Bob=12.5"), Ok((bob, 12 * UNIT + UNIT / 2)));
    // A SURI may have a sign of equality in it: the amount is behind the last.
    assert!(transfer("//a=b=1").is_ok_and(|(to, amount)| to != bob && amount == UNIT));
    for text in ["", "//Bob", "//Bob=", "=1", "Bob=1", "//Bob=x"] {
        assert!(transfer(text).is_err(), "{text:?}");
    }
}

#[test]
fn fraction_should_be_a_part_of_the_whole() {
    assert_eq!(fraction("0.2"), Ok(0.2));
    for text in ["", "-0.1", "1.1", "NaN", "inf", "20%"] {
        assert!(fraction(text).is_err(), "{text:?}");
    }
}

#[test]
fn names_and_descriptions_should_be_as_long_as_the_chain_keeps() {
    assert_eq!(name("poems"), Ok("poems".into()));
    assert!(name(&"é".repeat(32)).is_ok() && metadata("").is_ok());
    assert!(metadata(&"x".repeat(256)).is_ok());
    for wrong in [name(""), name(&"é".repeat(33)), metadata(&"x".repeat(257))] {
        assert!(wrong.unwrap_err().starts_with("expected"));
    }
}

#[test]
fn hash_should_be_32_bytes() {
    let digits = "ab".repeat(32);
    assert_eq!(hash(&format!("0x{digits}")).unwrap().0, [0xab; 32]);
    for text in ["", "0x", &digits, &format!("0x{digits}0"), &format!("0x{}zz", &digits[2..])] {
        assert_eq!(hash(text), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn amount_should_read_what_is_written_with_all_decimals(units in 0..10u128.pow(27)) {
        let text = format!("{}.{:018}", units / UNIT, units % UNIT);
        prop_assert_eq!(amount(&text), Ok(units));
        // Zeros at the end say nothing.
        let short = text.trim_end_matches('0');
        let short = if short.ends_with('.') { &text[..short.len() + 1] } else { short };
        prop_assert_eq!(amount(short), Ok(units));
        prop_assert_eq!(amount(&format!("{units}u")), Ok(units));
    }

    #[test]
    fn ids_should_read_what_is_written(list in prop::collection::vec((0..u32::MAX - 50, 0..50u32), 1..20)) {
        let parts: Vec<String> = list
            .iter()
            .map(|(first, more)| if *more == 0 { first.to_string() } else { format!("{first}-{}", first + more) })
            .collect();
        let expected: Vec<u32> = list.iter().flat_map(|(first, more)| *first..=first + more).collect();
        prop_assert_eq!(ids(&parts.join(",")), Ok(Ids(expected)));
    }

    #[test]
    fn account_should_read_its_own_text(bytes: [u8; 32]) {
        let read = account(&format!("0x{}", hex::encode(bytes))).unwrap();
        prop_assert_eq!(read.0, bytes);
        prop_assert_eq!(account(&read.to_string()), Ok(read));
    }

    #[test]
    fn reading_should_not_panic_whatever_is_written(text in "\\PC*") {
        let _ = (amount(&text), ids(&text), version(&text), account(&text), transfer(&text), hash(&text));
    }
}

#[test]
fn bytes_should_take_a_number_and_its_unit() {
    for (text, expected) in
        [("0", 0), ("1500", 1_500), ("2K", 2_048), ("8G", 8 << 30), ("1T", 1 << 40)]
    {
        assert_eq!(bytes(text), Ok(expected), "{text}");
    }
    for text in ["", "G", "-1", "1.5G", "8g", "99999999999T", "8 G", "é"] {
        assert!(bytes(text).unwrap_err().contains("8G"), "{text}");
    }
}

#[test]
fn hosts_and_origins_should_be_what_browsers_send() {
    assert_eq!(host("Gateway.Example").as_deref(), Ok("gateway.example"));
    for text in ["", "http://x", "x:80", "x/y"] {
        assert!(host(text).is_err(), "{text}");
    }
    for text in ["https://chat.example", "http://localhost:5173", "*"] {
        assert_eq!(origin(text).as_deref(), Ok(text));
    }
    for text in ["", "chat.example", "https://", "https://chat.example/", "ftp://x"] {
        assert!(origin(text).is_err(), "{text}");
    }
}
