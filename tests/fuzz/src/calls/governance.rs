//! What governance decides: calls that only Root may make.

use openledger_primitives::{method::Methods, split::SplitParameters, PPM};
use openledger_runtime::{
    params::{attribution as tuned, emission, fees},
    units::UNIT,
    Runtime, RuntimeParameters,
};
use sp_runtime::{traits::Get, Perbill};

use super::{datanets, Step, World};
use crate::arguments::Arguments;

pub fn resolve_appeal(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let contribution = a.id(&datanets::appeals());
    let uphold = a.byte() < 128;
    let call = pallet_datanets::Call::<Runtime>::resolve_appeal { contribution, uphold };
    vec![Step::Root(call.into())]
}

pub fn set_emission_weight(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    let datanet = a.id(&datanets::all());
    let weight = u32::from(a.byte()) * u32::from(a.byte());
    let call = pallet_emission::Call::<Runtime>::set_weight { datanet, weight };
    vec![Step::Root(call.into())]
}

/// A parameter, mostly in its range. Of times, only short ones: what comes due in years ends an input.
pub fn set_parameter(_: &mut World, a: &mut Arguments) -> Vec<Step> {
    use tuned::Parameters as P;

    let which = a.byte();
    let byte = u32::from(a.byte());
    let ppm = a.ppm();
    let attribution = RuntimeParameters::Attribution;
    let key_value = match which % 15 {
        0 => attribution(P::Committee(tuned::Committee, Some(byte % 9))),
        1 => attribution(P::CommitBlocks(tuned::CommitBlocks, Some(byte))),
        2 => attribution(P::RevealBlocks(tuned::RevealBlocks, Some(byte))),
        3 => attribution(P::Tolerance(tuned::Tolerance, Some(ppm))),
        4 if which >= 128 => attribution(P::Trace(tuned::Trace, Some(ppm))),
        4 => attribution(P::Floor(tuned::Floor, Some(ppm))),
        5 if which >= 128 => {
            let methods = if byte < 128 { tuned::Methods::get() } else { Methods::new() };
            attribution(P::Methods(tuned::Methods, Some(methods)))
        }
        5 => attribution(P::Royalty(tuned::Royalty, Some(ppm))),
        6 => attribution(P::MaxAttempts(tuned::MaxAttempts, Some(byte as u8 % 5))),
        7 => attribution(P::ChallengeBlocks(tuned::ChallengeBlocks, Some(byte))),
        8 => attribution(P::ChallengeBond(tuned::ChallengeBond, Some(ppm))),
        9 => attribution(P::Slash(tuned::Slash, Some(ppm))),
        10 => attribution(P::SilenceSlash(tuned::SilenceSlash, Some(ppm))),
        11 => attribution(P::Split(tuned::Split, Some(split(byte)))),
        12 => attribution(P::Matching(tuned::Matching, Some(ppm))),
        13 => {
            let rate = Some(a.amount(UNIT));
            RuntimeParameters::Emission(emission::Parameters::PerBlock(emission::PerBlock, rate))
        }
        _ => {
            let part = Perbill::from_parts(ppm.min(PPM) * 1_000);
            RuntimeParameters::Fees(fees::Parameters::TreasuryPart(fees::TreasuryPart, Some(part)))
        }
    };
    let call = pallet_parameters::Call::<Runtime>::set_parameter { key_value };
    vec![Step::Root(call.into())]
}

/// All to one party, equal parts, or what does not sum to the whole.
fn split(byte: u32) -> SplitParameters {
    let all = |at: u32| if byte % 7 == at { PPM } else { 0 };
    match byte % 7 {
        5 => SplitParameters {
            treasury: PPM / 5,
            owner: PPM / 5,
            operator: PPM / 5,
            attributors: PPM / 5,
            data: PPM / 5,
        },
        6 => SplitParameters { treasury: byte, ..SplitParameters::DEFAULT },
        _ => SplitParameters {
            treasury: all(0),
            owner: all(1),
            operator: all(2),
            attributors: all(3),
            data: all(4),
        },
    }
}
