//! How long vouchers must hold, in one place: what is served must be due, refused once, tried again, and final, before its
//! voucher ends.

use std::time::Duration;

use openledger_primitives::BlockNumber;

/// How long a model is not settled by itself after the chain refused it: each refusal costs a fee.
pub const PATIENCE: Duration = Duration::from_secs(600);
/// Time for a settlement to get into a final block, and for the node or finality to be away meanwhile.
const SLACK: Duration = Duration::from_secs(600);

/// Blocks for which voucher and channel must hold where something is served from them.
pub fn serving(settle_after: Duration, block_time: Duration) -> BlockNumber {
    blocks(settle_after.saturating_add(PATIENCE).saturating_add(SLACK), block_time)
}

/// Blocks before the end of a voucher from which on what it pays for is settled, if that brings more than it costs.
pub fn claiming(block_time: Duration) -> BlockNumber {
    blocks(PATIENCE.saturating_add(SLACK), block_time)
}

fn blocks(time: Duration, block_time: Duration) -> BlockNumber {
    let blocks = time.as_millis().div_ceil(block_time.as_millis().max(1));
    BlockNumber::try_from(blocks).unwrap_or(BlockNumber::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_served_should_be_due_before_its_voucher_is_about_to_end() {
        for block_time in [1, 2, 6].map(Duration::from_secs) {
            let secs = block_time.as_secs() as u32;
            for after in [0, 60, 601, 86_400] {
                let served = serving(Duration::from_secs(after.into()), block_time);
                assert!(served >= claiming(block_time) + after / secs, "{after} s, {secs} s");
            }
        }
        assert_eq!(serving(Duration::from_secs(60), Duration::from_secs(2)), 630);
        assert_eq!(claiming(Duration::from_secs(6)), 200);
        assert_eq!(serving(Duration::MAX, Duration::from_secs(2)), BlockNumber::MAX);
        assert_eq!(claiming(Duration::ZERO), 1_200_000);
    }
}
