//! What the contributions of a datanet have earned.
//!
//! ```sh
//! cargo run --release -p openledger-example -- 0
//! ```
//!
//! `NODE_URL` is the node's WebSocket address (default `ws://127.0.0.1:9944`).

use std::env;

use anyhow::{Context, Result};
use openledger_chain::Chain;

/// Units in one OPEN.
const OPEN: u128 = 10u128.pow(18);

#[tokio::main]
async fn main() -> Result<()> {
    let datanet = env::args().nth(1).context("name a datanet by its number")?;
    let datanet: u32 = datanet.parse().context("expected the number of a datanet")?;
    let node = env::var("NODE_URL").unwrap_or_else(|_| "ws://127.0.0.1:9944".into());

    let chain = Chain::connect(&node).await?;
    // All reads are of one block, so they fit each other.
    let state = chain.at(chain.finalized().await?).await?;
    let found = state.datanet(datanet).await?;
    let found = found.with_context(|| format!("there is no datanet {datanet}"))?;
    let name = String::from_utf8_lossy(&found.name);
    println!("datanet {datanet}, {name}, at block {}", state.block().number);

    let all = state.contributions().await?;
    for (id, contribution) in all.iter().filter(|(_, one)| one.datanet == datanet) {
        let claims = state.claimable(&contribution.payee).await?.contributions;
        let (earned, claimed) = claims
            .iter()
            .find(|claim| claim.contribution == *id)
            .map_or((0, 0), |claim| (claim.accrued, claim.claimed));
        println!(
            "  contribution {id}: {} records, earned {}, claimed {} OPEN",
            contribution.records,
            decimal(earned),
            decimal(claimed)
        );
    }
    Ok(())
}

/// An amount of units in OPEN, to six places.
fn decimal(units: u128) -> String {
    format!("{}.{:06}", units / OPEN, units % OPEN / 10u128.pow(12))
}
