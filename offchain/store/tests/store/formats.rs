//! Rows of other formats to records.

use std::fs;

use openledger_store::{
    files::Collected,
    record::{Body, Message, Record, Role},
};

/// The records of lines, and why others are none.
fn read(lines: &[&str]) -> (Vec<Record>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    fs::write(&path, lines.join("\n")).unwrap();
    let found = Collected::from_path(&path, None, &[]).unwrap();
    let records = found.files.into_iter().flat_map(|file| file.records).collect();
    (records, found.skipped.into_iter().map(|skipped| skipped.reason).collect())
}

/// The body of one line, of which nothing is left out.
fn body(line: &str) -> Body {
    let (records, skipped) = read(&[line]);
    assert!(skipped.is_empty(), "{line}: {skipped:?}");
    records[0].body().clone()
}

fn chat(turns: &[(Role, &str)]) -> Body {
    let turn = |(role, text): &(Role, &str)| Message::new(*role, *text);
    Body::Chat { messages: turns.iter().map(turn).collect(), tools: Vec::new() }
}

#[test]
fn every_format_should_give_its_conversation() {
    use Role::{Assistant, System, Tool, User};
    let asked = chat(&[(User, "Hi"), (Assistant, "Hello")]);
    let long = chat(&[(System, "Be kind."), (User, "Add\n\n1 and 2"), (Assistant, "3")]);
    for (line, expected) in [
        (
            r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}]}"#,
            &asked,
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"H"},{"type":"text","text":"i"}]},{"role":"assistant","content":"Hello","weight":1}],"tools":[]}"#,
            &asked,
        ),
        (
            r#"{"conversations":[{"from":"human","value":"Hi"},{"from":"gpt","value":"Hello"}]}"#,
            &asked,
        ),
        (
            r#"{"conversations":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}],"system":""}"#,
            &asked,
        ),
        (r#"{"instruction":"Hi","input":"","output":"Hello"}"#, &asked),
        (r#"{"instruction":"Hi","context":null,"response":"Hello"}"#, &asked),
        (r#"{"question":"Hi","answer":"Hello"}"#, &asked),
        (r#"{"prompt":"Hi","response":"Hello"}"#, &asked),
        (r#"{"instruction":"Add","input":"1 and 2","output":"3","system":"Be kind."}"#, &long),
        (
            r#"{"conversations":[{"from":"human","value":"Add\n\n1 and 2"},{"from":"gpt","value":"3"}],"system":"Be kind."}"#,
            &long,
        ),
    ] {
        assert_eq!(&body(line), expected, "{line}");
    }
    let history = r#"{"instruction":"c","output":"d","history":[["a","b"]]}"#;
    assert_eq!(
        body(history),
        chat(&[(User, "a"), (Assistant, "b"), (User, "c"), (Assistant, "d")])
    );

    let called = r#"{"conversations":[{"from":"human","value":"Weather?"},{"from":"function_call","value":"{\"name\": \"w\", \"arguments\": {\"city\": \"Oslo\"}}"},{"from":"observation","value":"4 C"},{"from":"gpt","value":"Cold."}],"tools":"[{\"name\": \"w\"}]"}"#;
    let Body::Chat { messages, tools } = body(called) else { panic!() };
    assert_eq!(tools, ["{\"name\":\"w\"}"]);
    assert_eq!(
        messages.iter().map(|m| m.role).collect::<Vec<_>>(),
        [User, Assistant, Tool, Assistant]
    );
    assert_eq!(messages[1].calls[0].arguments, "{\"city\":\"Oslo\"}");
    // OpenAI's calls say the same, whether arguments are a string or an object.
    for arguments in [r#""{\"city\": \"Oslo\"}""#, r#"{"city":"Oslo"}"#] {
        let line = format!(
            r#"{{"messages":[{{"role":"user","content":"Weather?"}},{{"role":"assistant","content":null,"tool_calls":[{{"type":"function","function":{{"name":"w","arguments":{arguments}}}}}]}},{{"role":"tool","content":"4 C"}},{{"role":"assistant","content":"Cold."}}],"tools":[{{"name":"w"}}]}}"#
        );
        assert_eq!(body(&line), body(called));
    }
}

#[test]
fn weights_should_say_what_is_learned() {
    let line = r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":0},{"role":"user","content":"c"},{"role":"assistant","content":"d","weight":1.0}]}"#;
    let Body::Chat { messages, .. } = body(line) else { panic!() };
    assert_eq!(
        messages.iter().map(Message::is_target).collect::<Vec<_>>(),
        [false, false, false, true]
    );
    // In lists of turns, of the prompt nothing.
    let line = r#"{"prompt":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}],"completion":[{"role":"assistant","content":"d"}]}"#;
    let Body::Chat { messages, .. } = body(line) else { panic!() };
    assert_eq!(
        messages.iter().map(Message::is_target).collect::<Vec<_>>(),
        [false, false, false, true]
    );
}

#[test]
fn pairs_should_part_the_prompt_from_what_follows_it() {
    use Role::{Assistant, User};
    let turn = |role, text: &str| Message::new(role, text);
    let expected = Body::Preference {
        prompt: vec![turn(User, "Hi")],
        chosen: vec![turn(Assistant, "Hello")],
        rejected: vec![turn(Assistant, "What?")],
        tools: Vec::new(),
    };
    for line in [
        r#"{"prompt":"Hi","chosen":"Hello","rejected":"What?"}"#,
        r#"{"prompt":[{"role":"user","content":"Hi"}],"chosen":[{"role":"assistant","content":"Hello"}],"rejected":[{"role":"assistant","content":"What?"}]}"#,
        // The conversation so far in both, alone or beside a prompt that repeats it.
        r#"{"chosen":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}],"rejected":[{"role":"user","content":"Hi"},{"role":"assistant","content":"What?"}]}"#,
        r#"{"prompt":"Hi","chosen":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}],"rejected":[{"role":"user","content":"Hi"},{"role":"assistant","content":"What?"}]}"#,
    ] {
        assert_eq!(body(line), expected, "{line}");
    }
    let two = r#"{"chosen":"\n\nHuman: Hi\n\nAssistant: Hello","rejected":"\n\nHuman: Hi\n\nAssistant: What?"}"#;
    assert!(read(&[two]).1[0].contains("\"prompt\" is missing"));
}

#[test]
fn a_row_should_be_refused_when_part_of_what_it_says_would_be_lost() {
    for (line, expected) in [
        (
            r#"{"messages":[{"role":"user","content":"a","colour":"red"}]}"#,
            "turn 1 of \"messages\": unknown field \"colour\"",
        ),
        (r#"{"messages":[{"role":"function","content":"a"}]}"#, "the role \"function\" is unknown"),
        (
            r#"{"messages":[{"role":"assistant","function_call":{"name":"f"}}]}"#,
            "\"content\" is missing",
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}"#,
            "\"image_url\": only text",
        ),
        (
            r#"{"messages":[{"role":"user","content":7}]}"#,
            "\"content\" is a number, expected a string",
        ),
        (r#"{"messages":[{"role":"assistant","content":"a","weight":0.5}]}"#, "\"weight\" is 0.5"),
        (
            r#"{"messages":[{"role":"assistant","tool_calls":[{"type":"code","function":{"name":"f"}}]}]}"#,
            "\"code\"",
        ),
        (r#"{"messages":[{"role":"user","content":"a"}],"functions":[]}"#, "\"functions\""),
        (r#"{"messages":"[]"}"#, "\"messages\" is a string, expected a list"),
        (r#"{"messages":[{"role":"user","content":"a"}],"tools":["f"]}"#, "\"tools\" has a string"),
        (r#"{"conversations":[{"from":"narrator","value":"a"}]}"#, "\"narrator\""),
        (r#"{"prompt":"a","completion":"b","label":false}"#, "\"label\" is false"),
        (r#"{"prompt":"a","completion":null}"#, "the fields are: prompt"),
        (r#"{"instruction":"a","text":"b"}"#, "\"instruction\" has no \"output\""),
        (r#"{"question":"a"}"#, "the fields are: question"),
        (r#"{"instruction":"a","output":"b","history":["a","b"]}"#, "history"),
        (r#"{}"#, "the fields are: none"),
        (r#"{"text":"a","text":"b"}"#, "\"text\" is there twice"),
        (r#"{"text":["a"]}"#, "\"text\" is a list"),
    ] {
        let (records, skipped) = read(&[line]);
        assert!(records.is_empty(), "{line}");
        assert!(skipped[0].contains(expected), "{line}: {skipped:?}");
    }
}

#[test]
fn fields_beside_the_body_should_be_told() {
    let (records, skipped) = read(&[
        r#"{"text":"Below is …","instruction":"Hi","output":"Hello","id":"x1"}"#,
        r#"{"instruction":"Ho","output":"Hello","id":"x2"}"#,
    ]);
    assert_eq!(records.len(), 2);
    assert_eq!(
        skipped,
        [
            "the field \"id\" of 2 lines is not taken: no record has it",
            "the field \"text\" of 1 line is not taken: no record has it",
        ]
    );
}
