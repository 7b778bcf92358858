//! Files into contributions.

use std::ops::Range;

/// Up to `parts` runs of whole files, of about equally many records each; `sizes` are the records of
/// each file. Every file is in one run, and no run is empty.
pub fn split(sizes: &[usize], parts: usize) -> Vec<Range<usize>> {
    let total: usize = sizes.iter().sum();
    let mut groups = Vec::new();
    let (mut start, mut seen) = (0, 0);
    for (i, size) in sizes.iter().enumerate() {
        seen += size;
        // The k-th run ends where k parts of the records have been seen.
        if seen * parts >= total * (groups.len() + 1) {
            groups.push(start..i + 1);
            start = i + 1;
        }
    }
    groups
}
