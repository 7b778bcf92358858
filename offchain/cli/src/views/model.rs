//! Base models, and what models are trained on.

use std::collections::BTreeSet;

use anyhow::{ensure, Context as _};
use openledger_artefacts::BaseIds;
use openledger_chain::{types::Kind, View};
use openledger_primitives::{ContributionId, DatanetId, ModelId, VersionNumber};
use openledger_store::{contribution, record::Record, BlobStore};

use crate::{output::text, views::datanet::find_version};

/// Content ids of the newest version of a base model.
pub async fn newest_base(view: &View, id: ModelId) -> anyhow::Result<BaseIds> {
    let found = view
        .model(id)
        .await?
        .with_context(|| format!("there is no model {id}; `openledger model list` shows all"))?;
    ensure!(
        matches!(found.kind, Kind::Base),
        "model {id}, {}, is an adapter: name its base; `openledger model list` shows all",
        text(&found.name)
    );
    let version = view
        .model_version(id, found.latest)
        .await?
        .with_context(|| format!("there is no version {} of model {id}", found.latest))?;
    Ok(BaseIds { artefact: version.artefact, config: version.config })
}

/// The records of all contributions in datanet versions, ascending by contribution, verified against
/// the chain.
pub async fn contributions(
    view: &View,
    store: &BlobStore,
    versions: &[(DatanetId, VersionNumber)],
) -> anyhow::Result<Vec<(ContributionId, Vec<Record>)>> {
    let mut ids = BTreeSet::new();
    for (datanet, number) in versions {
        ids.extend(find_version(view, *datanet, *number).await?.contributions);
    }
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let entry = view
            .contribution(id)
            .await?
            .with_context(|| format!("contribution {id} is not on the chain"))?;
        let records = contribution::fetch(store, &entry.content, &entry.root)
            .await
            .with_context(|| format!("contribution {id}"))?;
        found.push((id, records));
    }
    Ok(found)
}
