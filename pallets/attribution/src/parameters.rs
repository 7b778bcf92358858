//! The parameters by which settlements are attributed. Governance sets them, and each settlement keeps
//! those that were in force when it was submitted.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use openledger_primitives::{split::SplitParameters, BlockNumber, Ppm, PPM};
use scale_info::TypeInfo;

/// The most members of a committee.
pub const MAX_COMMITTEE: u32 = 16;
/// The most members of a settlement's first committee. A challenge is judged by twice as many and one
/// more, who have to be a committee as well.
pub const MAX_FIRST_COMMITTEE: u32 = (MAX_COMMITTEE - 1) / 2;
/// The most committees that are drawn for one result.
pub const MAX_ATTEMPTS: u8 = 100;
/// The largest bond of a challenge: ten times the fee, in parts per million.
pub const MAX_CHALLENGE_BOND: Ppm = 10 * PPM;

/// How settlements are attributed. Each settlement keeps those in force when it was submitted.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Parameters {
    /// How the fee is divided.
    pub split: SplitParameters,
    /// How many attributors compute it; 1 to [`MAX_FIRST_COMMITTEE`].
    pub committee: u32,
    /// Blocks that they have to compute and commit; at least 1.
    pub commit_blocks: BlockNumber,
    /// Blocks that they then have to reveal; at least 1.
    pub reveal_blocks: BlockNumber,
    /// The largest L1 distance from the median at which a member is paid; at most 2,000,000.
    pub tolerance: Ppm,
    /// Shares below this go to the pools; at most 1,000,000.
    pub floor: Ppm,
    /// How much of what a trace explains of an answer follows the trace, and not influence; at most
    /// 1,000,000.
    pub trace: Ppm,
    /// What each owner in a lineage passes on to the next; at most 1,000,000.
    pub royalty: Ppm,
    /// Committees that are drawn before the pools get the data part; 1 to [`MAX_ATTEMPTS`].
    pub max_attempts: u8,
    /// Blocks in which a result can be challenged before it is final; at least 1.
    pub challenge_blocks: BlockNumber,
    /// A challenger's bond, in parts per million of the fee at stake; at most [`MAX_CHALLENGE_BOND`].
    pub challenge_bond: Ppm,
    /// What a member that was further off than the tolerance loses, in parts per million of its bond.
    pub slash: Ppm,
    /// What a member that was silent loses, in parts per million of its bond.
    pub silence_slash: Ppm,
    /// What the ecosystem's emission adds to the data's part at most, in parts per million of what the
    /// treasury gets by its part; at most the whole, so that nobody earns by paying itself.
    pub matching: Ppm,
}

impl Parameters {
    /// Whether every parameter is in its range and the split sums to the whole.
    pub fn is_valid(&self) -> bool {
        *self == self.in_range()
    }

    /// These parameters, each one out of range replaced by the nearest in range, and a split that does
    /// not sum to the whole by [`SplitParameters::DEFAULT`]: a mistake of governance must not stop
    /// payments.
    pub fn in_range(self) -> Self {
        Self {
            split: if self.split.is_valid() { self.split } else { SplitParameters::DEFAULT },
            committee: self.committee.clamp(1, MAX_FIRST_COMMITTEE),
            commit_blocks: self.commit_blocks.max(1),
            reveal_blocks: self.reveal_blocks.max(1),
            tolerance: self.tolerance.min(PPM.saturating_mul(2)),
            floor: self.floor.min(PPM),
            trace: self.trace.min(PPM),
            royalty: self.royalty.min(PPM),
            max_attempts: self.max_attempts.clamp(1, MAX_ATTEMPTS),
            challenge_blocks: self.challenge_blocks.max(1),
            challenge_bond: self.challenge_bond.min(MAX_CHALLENGE_BOND),
            slash: self.slash.min(PPM),
            silence_slash: self.silence_slash.min(PPM),
            matching: self.matching.min(PPM),
        }
    }

    /// How long after it was drawn a member's bond may still be needed: its own committee, the window,
    /// all the committees of a challenge, and the window after them.
    pub fn liability(&self) -> BlockNumber {
        let round = self.commit_blocks.saturating_add(self.reveal_blocks);
        round
            .saturating_mul(BlockNumber::from(self.max_attempts).saturating_add(1))
            .saturating_add(self.challenge_blocks.saturating_mul(2))
    }
}

/// `split` with at least `least` for the data, as the licences demand. The difference is taken from the
/// operator, then from the owner, then from the treasury, then from the attributors.
pub fn with_data_share(split: SplitParameters, least: Ppm) -> SplitParameters {
    let mut adjusted = split;
    let mut missing = least.min(PPM).saturating_sub(split.data);
    for part in [
        &mut adjusted.operator,
        &mut adjusted.owner,
        &mut adjusted.treasury,
        &mut adjusted.attributors,
    ] {
        let taken = missing.min(*part);
        *part = part.saturating_sub(taken);
        adjusted.data = adjusted.data.saturating_add(taken);
        missing = missing.saturating_sub(taken);
    }
    adjusted
}
