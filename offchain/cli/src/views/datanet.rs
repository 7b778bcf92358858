//! Datanets and their versions, and what licences allow, in words.

use anyhow::Context as _;
use openledger_chain::{
    types::{Datanet, Version},
    View,
};
use openledger_primitives::{
    licence::{Licence, WithdrawnRoyalties},
    DatanetId, VersionNumber,
};

use crate::output::{open, percent};

/// The datanet of an id.
pub async fn find(view: &View, id: DatanetId) -> anyhow::Result<Datanet> {
    view.datanet(id)
        .await?
        .with_context(|| format!("there is no datanet {id}; `openledger datanet list` shows all"))
}

/// A version of a datanet.
pub async fn find_version(
    view: &View,
    datanet: DatanetId,
    number: VersionNumber,
) -> anyhow::Result<Version> {
    view.version(datanet, number).await?.with_context(|| {
        format!(
            "there is no version {number} of datanet {datanet}; `openledger datanet show {datanet}` \
             lists them"
        )
    })
}

/// What a licence allows, in words.
pub fn terms(licence: &Licence) -> String {
    let uses = [
        ("training", licence.training),
        ("evaluation", licence.evaluation),
        ("retrieval", licence.retrieval),
        ("commercial use", licence.commercial),
        ("derivatives", licence.derivatives),
    ];
    let named = |allowed| {
        let uses: Vec<&str> =
            uses.iter().filter(|(_, is)| *is == allowed).map(|(name, _)| *name).collect();
        uses.join(", ")
    };
    let mut words = match (named(true), named(false)) {
        (all, none) if none.is_empty() => format!("allows {all}"),
        (none, all) if none.is_empty() => format!("forbids {all}"),
        (allowed, forbidden) => format!("allows {allowed}; forbids {forbidden}"),
    };
    if licence.training_price > 0 {
        words.push_str(&format!("; {} for each training", open(licence.training_price)));
    }
    if licence.min_data_share > 0 {
        let share = percent(licence.min_data_share);
        words.push_str(&format!("; at least {share} of each fee to data"));
    }
    if let Some(block) = licence.expires {
        words.push_str(&format!("; until block {block}"));
    }
    if licence.revocable {
        words.push_str("; revocable");
    }
    if licence.withdrawn == WithdrawnRoyalties::Redirect {
        words.push_str("; royalties of what is withdrawn go to the treasury");
    }
    words
}
