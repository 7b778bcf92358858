use serde_json::json;

use crate::{
    context::Context,
    output::{open, Output},
};

/// The chain as a whole.
pub async fn run(context: &Context) -> anyhow::Result<Output> {
    let chain = context.chain().await?;
    let (view, finalized) = (chain.now().await?, chain.finalized().await?);
    let (issuance, pot) = (view.total_issuance().await?, view.pot().await?);
    let balance = view.account(&pot).await?.data.free;
    let best = view.block();
    let words = format!(
        "node       {}\ngenesis    {:?}\nruntime    version {}\nbest       block {}\nfinalised  block {}\n\
         issuance   {}\npot        {} to be claimed, in {pot}",
        context.node,
        chain.genesis(),
        view.spec_version(),
        best.number,
        finalized.number,
        open(issuance),
        open(balance)
    );
    let json = json!({
        "genesis": chain.genesis(),
        "spec_version": view.spec_version(),
        "best": best,
        "finalized": finalized,
        "total_issuance": issuance.to_string(),
        "pot": {"account": pot, "balance": balance.to_string()},
    });
    Ok(Output::new(json, words))
}
