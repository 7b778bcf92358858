//! The program of the library beside it.

fn main() -> std::process::ExitCode {
    openledger_cli::main()
}
