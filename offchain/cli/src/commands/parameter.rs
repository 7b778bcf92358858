use anyhow::bail;
use clap::{Args, Subcommand};
use openledger_chain::{
    call,
    scale_decode::{self, DecodeAsType},
    Included,
};
use serde_json::json;

use crate::{
    context::Context,
    output::{place, txs, Output},
};

#[derive(Subcommand)]
pub enum Command {
    /// Set a number that governance tunes
    #[command(
        after_help = "Needs the Root key (Sudo) of a development chain, such as //Alice; elsewhere, a \
                      referendum sets parameters.\n\nExample: openledger --suri //Alice parameter set \
                      attribution challenge-blocks 5"
    )]
    Set(Set),
}

#[derive(Args)]
pub struct Set {
    /// Its group, such as attribution
    group: String,
    /// Its name, such as challenge-blocks
    name: String,
    /// Its value from now on
    value: u128,
}

/// `Parameters.Updated`.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "scale_decode")]
struct Updated {}

pub async fn run(context: &Context, command: Command) -> anyhow::Result<Output> {
    let Command::Set(Set { group, name, value }) = command;
    let sender = context.sender().await?;
    let call = call::set_parameter(&camel(&group), &camel(&name), value);
    let included = sender.send(&[call]).await?;
    // Sudo's own success says nothing of the call that it carries.
    let updates: Vec<Updated> = Included::all_events(&included, "Parameters", "Updated")?;
    if sender.waits() && updates.is_empty() {
        bail!("the chain did not set {group}.{name}");
    }
    let words = format!("{group}.{name} is {value}, {}.", place(&included));
    let json =
        json!({"group": group, "name": name, "value": value.to_string(), "txs": txs(&included)});
    Ok(Output::new(json, words))
}

/// `challenge-blocks` or `challenge_blocks` as metadata has it: `ChallengeBlocks`.
fn camel(name: &str) -> String {
    let mut words = name.split(['-', '_']).map(str::chars);
    words.by_ref().fold(String::new(), |mut camel, mut letters| {
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.extend(letters);
        camel
    })
}

#[cfg(test)]
mod tests {
    use super::camel;

    #[test]
    fn camel_should_be_the_name_in_metadata_however_it_is_written() {
        for name in ["challenge-blocks", "challenge_blocks", "ChallengeBlocks"] {
            assert_eq!(camel(name), "ChallengeBlocks");
        }
        assert_eq!(camel("split"), "Split");
        assert_eq!(camel(""), "");
    }
}
