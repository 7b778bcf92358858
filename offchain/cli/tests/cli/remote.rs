use openledger_cli::remote::address;

#[test]
fn address_should_take_what_people_write() {
    for (text, expected) in [
        ("http://127.0.0.1:9966", "http://127.0.0.1:9966/"),
        ("http://127.0.0.1:9966/", "http://127.0.0.1:9966/"),
        ("http://localhost:9966/v1", "http://localhost:9966/"),
        ("http://localhost:9966/v1/", "http://localhost:9966/"),
        ("127.0.0.1:9966", "http://127.0.0.1:9966/"),
        ("gateway.example/ol", "http://gateway.example/ol"),
        ("http://[::1]:9966", "http://[::1]:9966/"),
    ] {
        assert_eq!(address(text).unwrap().as_str(), expected, "{text}");
    }
}

#[test]
fn address_should_say_what_was_expected() {
    for (text, expected) in [
        ("", "http://127.0.0.1:9966"),
        ("http://", "http://127.0.0.1:9966"),
        ("ftp://127.0.0.1", "http://127.0.0.1:9966"),
        ("http://a b", "http://127.0.0.1:9966"),
        ("https://gateway.example", "plain HTTP"),
    ] {
        let error = format!("{:#}", address(text).unwrap_err());
        assert!(error.contains(expected) && error.contains(text), "{text}: {error}");
    }
}
