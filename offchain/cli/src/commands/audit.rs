use anyhow::{bail, Context as _};
use clap::Args;
use openledger_engine::{memory, Library};
use openledger_influence::JobReport;
use openledger_lm::Device;
use openledger_primitives::{shares::ShareVector, split::Split, H256};
use serde_json::{json, Value};

use crate::{
    checks::{self, Check},
    context::Context,
    evidence::{find, receipt_id, Batch, Case},
    failure::Difference,
    output::{count, open, Output},
    views::settlement::{labels, parts, receipt_shares, shares, Labels},
};

#[derive(Args)]
#[command(
    after_help = "Uses the chain's state and public artefacts alone. Ends with status 1 if anything differs."
)]
pub struct Options {
    /// Receipts' ids, or files with receipts in JSON
    #[arg(required = true, value_name = "RECEIPT")]
    receipts: Vec<String>,
}

/// What the chain paid for a settlement, and what was computed of it again.
struct Audited<'a> {
    paid_by: &'a ShareVector,
    split: &'a Split,
    /// Before and after those that concern one receipt alone.
    checks: (Vec<Check>, Vec<Check>),
    report: Option<JobReport>,
}

pub async fn run(context: &Context, options: Options) -> anyhow::Result<Output> {
    let receipts =
        options.receipts.iter().map(|text| receipt_id(text)).collect::<anyhow::Result<Vec<_>>>()?;
    let (chain, store) = (context.chain().await?, context.store()?);
    let view = chain.now().await?;
    let labels = labels(&view).await?;
    // The judge of what others computed: the one device that gives the same bits every time.
    let mut library =
        Library::new(store.clone(), context.cache()?, Device::Cpu, memory::of_this_machine());
    let mut list = Vec::<(usize, Value, String)>::new();
    let mut different = 0u64;
    for (batch, wanted) in find(&view, &store, &receipts).await? {
        let case = Case::open(&view, &batch, chain.genesis()).await?;
        let audited = settlement(&case, &mut library, &batch).await?;
        for receipt in wanted {
            let Some(at) = receipts.iter().position(|asked| *asked == receipt) else { continue };
            let (json, words, ok) = this_receipt(&batch, &receipt, &audited, &labels);
            different += u64::from(!ok);
            list.push((at, json, words));
        }
    }
    // In the order in which they were asked for.
    list.sort_by_key(|(at, ..)| *at);
    let difference = (different > 0).then(|| {
        let all = list.len();
        Difference(format!(
            "{different} of {} differ from what the chain paid",
            count(all as u64, "receipt")
        ))
    });
    let words: String = list.iter().map(|(_, _, words)| words.as_str()).collect();
    let list: Vec<Value> = list.into_iter().map(|(_, json, _)| json).collect();
    let json = json!({"ok": difference.is_none(), "receipts": list});
    Ok(Output::new(json, words).with_difference(difference))
}

/// Computes a settlement again from public artefacts, and compares with what the chain has.
async fn settlement<'a>(
    case: &Case,
    library: &mut Library,
    batch: &'a Batch,
) -> anyhow::Result<Audited<'a>> {
    let on_chain = &batch.settlement;
    let Some(outcome) = on_chain.outcome() else {
        bail!(
            "settlement {} is not over yet, so nothing was paid: `openledger settlement wait {}` waits \
             for it",
            batch.id,
            batch.id
        );
    };
    let (paid_by, split) = (&outcome.shares.0, &outcome.split.0);
    let (artefacts, computed) =
        case.compute(library, batch).await.with_context(|| format!("settlement {}", batch.id))?;
    let mut after = vec![
        checks::count(on_chain, &batch.transcripts),
        checks::total_fee(on_chain, &batch.transcripts),
        checks::artefacts(&case.job, &artefacts.index),
        checks::index_root(&case.job, &artefacts.index),
    ];
    after.push(match &computed {
        Ok(report) => checks::shares(on_chain, paid_by, &report.shares),
        Err(error) => checks::no_shares(paid_by, error),
    });
    after.extend(checks::split(on_chain, paid_by, split));
    let before = vec![checks::batch_content(on_chain, &batch.content)];
    Ok(Audited { paid_by, split, checks: (before, after), report: computed.ok() })
}

/// One receipt: as JSON, in words, and whether everything agrees.
fn this_receipt(
    batch: &Batch,
    id: &H256,
    audited: &Audited,
    labels: &Labels,
) -> (Value, String, bool) {
    let Audited { paid_by, split, checks: (before, after), report } = audited;
    let mut all = before.clone();
    if let Some((position, transcript)) = batch.find(id) {
        all.push(checks::signature(&batch.settlement, transcript));
        all.push(checks::inclusion(&batch.settlement, &batch.transcripts, position));
    }
    all.extend(after.iter().cloned());
    let ok = all.iter().all(|check| check.ok);
    let own = report
        .as_ref()
        .and_then(|report| report.receipts.iter().find(|found| found.receipt_id == *id));
    let json = json!({
        "receipt_id": id,
        "settlement": batch.id,
        "ok": ok,
        "checks": all,
        "shares": own.map(|own| &own.shares),
        "intervals": own.map(|own| &own.intervals),
        "trace": own.map(|own| &own.trace),
        "settlement_shares": report.as_ref().map(|report| &report.shares),
        "split": split,
    });
    let mut words = format!(
        "Receipt {id:?} is one of {} in settlement {}, whose fees are {}.\n\n",
        batch.settlement.count,
        batch.id,
        open(batch.settlement.total_fee)
    );
    for check in &all {
        if check.ok {
            words.push_str(&format!("  same       {}\n", check.what));
        } else {
            words.push_str(&format!(
                "  DIFFERENT  {}\n               on the chain   {}\n               computed       {}\n",
                check.what, check.expected, check.found
            ));
        }
    }
    if let Some(own) = own {
        let shares = receipt_shares(own, labels);
        words.push_str(&format!("\nWhose data made this answer likely:\n\n{shares}"));
    }
    words.push_str(&format!(
        "\nWhat the whole settlement was paid by:\n\n{}\n{}",
        shares(paid_by, labels),
        parts(split)
    ));
    let differences = all.iter().filter(|check| !check.ok).count();
    words.push_str(&match differences {
        0 => "\nWhat the chain paid is what was computed again.\n\n".to_string(),
        n => format!("\n{n} of {} comparisons differ.\n\n", all.len()),
    });
    (json, words, ok)
}
