use openledger_cli::args::command;

use crate::program::run;

fn visit(command: &clap::Command, path: &str, each: &mut impl FnMut(&str, &clap::Command)) {
    each(path, command);
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        visit(sub, &format!("{path} {}", sub.get_name()), each);
    }
}

#[test]
fn the_command_line_should_not_contradict_itself() {
    command().debug_assert();
}

#[test]
fn help_should_name_every_command_once_in_a_group() {
    let help = command().render_help().to_string();
    let shown = |sub: &&clap::Command| sub.get_name() != "help" && !sub.is_hide_set();
    for sub in command().get_subcommands().filter(shown) {
        let start = format!("  {:<12}{}", sub.get_name(), sub.get_about().unwrap());
        assert_eq!(help.lines().filter(|line| **line == start).count(), 1, "{start}\n{help}");
    }
    assert!(help.contains("\nData:\n") && help.contains("\nOptions:\n"), "{help}");
}

#[test]
fn help_should_explain_every_command_and_option_in_a_line() {
    visit(&command(), "openledger", &mut |path, command| {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty(), "{path}");
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.is_empty(), "{path} {}", argument.get_id());
            assert!(argument.get_long_help().is_none(), "{path} {}", argument.get_id());
            let values = argument.get_possible_values();
            assert!(values.iter().all(|value| value.get_help().is_none()), "{path}");
        }
    });
}

#[test]
fn help_should_be_no_error() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [&["--help"][..], &["ask", "--help"], &["datanet", "review", "-h"], &["help"]]
    {
        let found = run(home.path(), arguments);
        assert_eq!((found.status, found.errors.as_str()), (0, ""), "{arguments:?}");
        assert!(found.output.contains("Usage: openledger"), "{}", found.output);
    }
}
