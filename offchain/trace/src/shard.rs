//! A shard: one file with the records of some contributions, and their suffixes in order.
//!
//! ```text
//! "OLTRACE1" ‖ u32 LE: bytes of the header ‖ SCALE(Header)
//! then each from a multiple of 64 on, with zeros before it:
//! counts    u32 LE × vocabulary          how often each token occurs
//! buckets   u32 LE × (vocabulary + 1)    where in the suffixes each first token begins; the end
//! starts    u32 LE × records             where in the text each record begins
//! indices   u32 LE × records             each record's place in its contribution
//! text      width × (tokens + records)   tokens, LE, with a separator, all bits set, after each record
//! suffixes  u32 LE × suffixes            positions in the text, in order of what begins there
//! ```
//!
//! Only suffixes that begin at no inside of a word are kept: no span begins with another one.

use std::{fs::File, io::Write, ops::Range, path::Path};

use bytemuck::Pod;
use codec::{DecodeAll, Encode};
use memmap2::Mmap;
use openledger_primitives::{hashing, ContentId, ContributionId};

use crate::{
    search::View,
    token::{Token, MAX_TEXT},
    Error, Result,
};

const MAGIC: &[u8; 8] = b"OLTRACE1";
const ALIGNMENT: usize = 64;
const PARTS: usize = 6;

/// One contribution of a shard, in the order of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, codec::Encode, codec::Decode)]
pub struct Member {
    /// The contribution.
    pub contribution: ContributionId,
    /// How many of its records are here: all but those that repeat earlier ones.
    pub records: u32,
}

/// Where records are from.
#[derive(Clone, Debug, PartialEq, Eq, codec::Encode, codec::Decode)]
pub struct Source {
    /// The first of them, counted in the shard. They go on to the next source's.
    pub first: u32,
    /// Their label, UTF-8; empty where they have none.
    pub label: Vec<u8>,
}

/// What a shard is of.
#[derive(Clone, Debug, PartialEq, Eq, codec::Encode, codec::Decode)]
pub struct Header {
    /// Bytes of one token: 1, 2 or 4.
    pub width: u8,
    /// How many tokens the alphabet has.
    pub vocabulary: u32,
    /// Tokens of all records, without separators.
    pub tokens: u32,
    /// Tokens at which a span may begin.
    pub suffixes: u32,
    /// Records.
    pub records: u32,
    /// Ascending by contribution; those without a record that counts have none.
    pub members: Vec<Member>,
    /// Ascending by first record, the first one 0.
    pub sources: Vec<Source>,
}

/// Where the parts of a shard lie in its file, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Where the header ends, and zeros begin.
    pub header: usize,
    /// In order: counts, buckets, starts, indices, text, suffixes.
    pub parts: [Range<usize>; PARTS],
}

impl Layout {
    /// Of a shard with this header, which takes `header` bytes. None where sizes contradict each other.
    pub fn new(header: &Header, bytes: usize) -> Option<Self> {
        let text = (header.tokens as usize).checked_add(header.records as usize)?;
        let sorted = header.suffixes <= header.tokens;
        if text > MAX_TEXT || !sorted || !matches!(header.width, 1 | 2 | 4) {
            return None;
        }
        let (records, vocabulary) = (header.records as usize, header.vocabulary as usize);
        let sizes = [
            vocabulary.checked_mul(4)?,
            vocabulary.checked_add(1)?.checked_mul(4)?,
            records * 4,
            records * 4,
            text * usize::from(header.width),
            header.suffixes as usize * 4,
        ];
        let begin = MAGIC.len().checked_add(4)?.checked_add(bytes)?;
        let mut end = begin;
        let parts = sizes.map(|size| {
            let start = end.next_multiple_of(ALIGNMENT);
            end = start.saturating_add(size);
            start..end
        });
        Some(Self { header: begin, parts })
    }

    /// Writes a file with these parts.
    pub fn write(
        &self,
        header: &Header,
        parts: [&[u8]; PARTS],
        mut out: impl Write,
    ) -> std::io::Result<()> {
        let header = header.encode();
        out.write_all(MAGIC)?;
        out.write_all(&(header.len() as u32).to_le_bytes())?;
        out.write_all(&header)?;
        for (part, zeros) in parts.into_iter().zip(self.padding()) {
            out.write_all(&[0; ALIGNMENT][..zeros.len()])?;
            out.write_all(part)?;
        }
        out.flush()
    }

    /// How long the file is.
    pub fn len(&self) -> usize {
        self.parts[PARTS - 1].end
    }

    /// The stretches of zeros before the parts.
    fn padding(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let ends = [self.header].into_iter().chain(self.parts.iter().map(|part| part.end));
        ends.zip(&self.parts).map(|(end, part)| end..part.start)
    }
}

/// A shard, mapped into memory and checked.
#[derive(Debug)]
pub struct Shard {
    map: Mmap,
    header: Header,
    layout: Layout,
    /// For each member, its first record; the end.
    firsts: Vec<u32>,
}

impl Shard {
    /// Opens the file at `path`, of an alphabet of so many tokens. What is checked is everything but the text and the
    /// order of the suffixes, of which [`Shard::content`] tells whether they are what was written.
    ///
    /// The file must not change as long as it is open; what builds an index only makes new ones.
    ///
    /// # Errors
    /// If it cannot be read, is not a shard, is cut short, or contradicts itself.
    pub fn open(path: &Path, vocabulary: u32) -> Result<Self> {
        let malformed =
            |reason: &str| Error::Malformed { path: path.into(), reason: reason.into() };
        if cfg!(target_endian = "big") {
            return Err(malformed("this machine reads numbers in the other byte order"));
        }
        let file = File::open(path).map_err(Error::io(path))?;
        // SAFETY: nothing changes or shortens a shard once it has its name.
        let map = unsafe { Mmap::map(&file) }.map_err(Error::io(path))?;
        let rest = map.strip_prefix(MAGIC).ok_or_else(|| {
            malformed("it does not begin with OLTRACE1: not a shard, or of another version")
        })?;
        let cut = || malformed("it is cut short");
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = u32::from_le_bytes(*length) as usize;
        let header = Header::decode_all(&mut rest.get(..length).ok_or_else(cut)?)
            .map_err(|error| malformed(&format!("its header does not decode: {error}")))?;
        let layout = Layout::new(&header, length)
            .ok_or_else(|| malformed("its header has sizes that cannot be"))?;
        if map.len() != layout.len() {
            return Err(malformed(&format!(
                "expected {} bytes as its header says, found {}",
                layout.len(),
                map.len()
            )));
        }
        if header.vocabulary != vocabulary || header.width != width(vocabulary) {
            return Err(malformed(&format!(
                "its {} tokens of {} bytes are not those of the index, {vocabulary} of {}",
                header.vocabulary,
                header.width,
                width(vocabulary)
            )));
        }
        if layout.padding().any(|zeros| map[zeros].iter().any(|byte| *byte != 0)) {
            return Err(malformed("what is between its parts is not zero"));
        }
        let mut firsts = vec![0_u32];
        for member in &header.members {
            let next = firsts.last().copied().unwrap_or(0).checked_add(member.records);
            firsts.push(next.ok_or_else(|| malformed("its members have too many records"))?);
        }
        let shard = Self { map, header, layout, firsts };
        shard.check().map_err(malformed)?;
        Ok(shard)
    }

    fn check(&self) -> Result<(), &'static str> {
        let Header { members, sources, records, tokens, suffixes, .. } = &self.header;
        let text = tokens.saturating_add(*records);
        if members.windows(2).any(|pair| pair[0].contribution >= pair[1].contribution) {
            return Err("its contributions are not ascending");
        }
        if self.firsts.last() != Some(records) {
            return Err("its members' records are not as many as its records");
        }
        let ascending = sources.windows(2).all(|pair| pair[0].first < pair[1].first);
        let first = sources.first().map(|source| source.first);
        let last = sources.last().is_none_or(|source| source.first < *records);
        if !ascending || first.is_some() != (*records > 0) || first.unwrap_or(0) != 0 || !last {
            return Err("its sources are not those of its records");
        }
        if self.counts().iter().map(|count| u64::from(*count)).sum::<u64>() != u64::from(*tokens) {
            return Err("its counts are not those of its tokens");
        }
        let buckets = self.part::<u32>(1);
        if buckets.first() != Some(&0) || buckets.last() != Some(suffixes) || !buckets.is_sorted() {
            return Err("its buckets are not those of its suffixes");
        }
        let starts = self.starts();
        // A record has a token and a separator.
        let apart = starts.windows(2).all(|pair| pair[0] < pair[1] && pair[1] - pair[0] > 1);
        let inside = starts.last().is_none_or(|last| text - 1 > *last);
        if !apart || starts.first().is_some_and(|first| *first != 0) || !inside {
            return Err("its records do not begin where records can");
        }
        for (_, range) in self.members() {
            let indices = &self.indices()[range.start as usize..range.end as usize];
            if indices.windows(2).any(|pair| pair[0] >= pair[1]) {
                return Err("a contribution's records are not in order");
            }
        }
        Ok(())
    }

    /// What it is of.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Content id of the file: reads all of it.
    pub fn content(&self) -> ContentId {
        hashing::content_id(&self.map)
    }

    /// How long the file is, in bytes.
    pub fn bytes(&self) -> u64 {
        self.map.len() as u64
    }

    /// How often each token occurs.
    pub fn counts(&self) -> &[u32] {
        self.part(0)
    }

    /// The members with their records, counted in the shard.
    pub fn members(&self) -> impl Iterator<Item = (&Member, Range<u32>)> {
        let ranges = self.firsts.windows(2).map(|pair| pair[0]..pair[1]);
        self.header.members.iter().zip(ranges)
    }

    /// The positions of suffixes.
    pub fn positions(&self, suffixes: Range<usize>) -> &[u32] {
        self.part(5).get(suffixes).unwrap_or_default()
    }

    /// The record that holds a position of the text: its number in the shard.
    pub fn record_at(&self, position: u32) -> u32 {
        let after = self.starts().partition_point(|start| *start <= position);
        after.saturating_sub(1) as u32
    }

    /// The contribution of a record of this shard, and the record's place in it.
    pub fn place(&self, record: u32) -> Option<(ContributionId, u32)> {
        let member = self.firsts.partition_point(|first| *first <= record).checked_sub(1)?;
        let contribution = self.header.members.get(member)?.contribution;
        Some((contribution, *self.indices().get(record as usize)?))
    }

    /// The record of this shard with a place in a contribution.
    pub fn find(&self, contribution: ContributionId, index: u32) -> Option<u32> {
        let members = &self.header.members;
        let member = members.binary_search_by_key(&contribution, |m| m.contribution).ok()?;
        let (first, end) = (*self.firsts.get(member)?, *self.firsts.get(member + 1)?);
        let indices = self.indices().get(first as usize..end as usize)?;
        Some(first + indices.binary_search(&index).ok()? as u32)
    }

    /// Where a record of this shard is from; none where it has no label, or one that is not UTF-8.
    pub fn source(&self, record: u32) -> Option<&str> {
        let sources = &self.header.sources;
        let at = sources.partition_point(|source| source.first <= record).checked_sub(1)?;
        let label = std::str::from_utf8(&sources.get(at)?.label).ok()?;
        Some(label).filter(|label| !label.is_empty())
    }

    /// Text and suffixes, of tokens as wide as the shard's.
    pub fn view<T: Token>(&self) -> View<'_, T> {
        View { text: self.part(4), suffixes: self.part(5), buckets: self.part(1) }
    }

    /// The tokens of a record of this shard.
    pub fn record<T: Token>(&self, record: u32) -> Option<&[T]> {
        let text = self.part::<T>(4);
        let start = *self.starts().get(record as usize)? as usize;
        let next = self.starts().get(record as usize + 1).map_or(text.len(), |next| *next as usize);
        text.get(start..next.checked_sub(1)?)
    }

    fn starts(&self) -> &[u32] {
        self.part(2)
    }

    /// Each record's place in its contribution.
    pub fn indices(&self) -> &[u32] {
        self.part(3)
    }

    /// A part as numbers; nothing where they are of another width. Parts begin at multiples of 64 of a mapping that
    /// begins at a page.
    fn part<T: Pod>(&self, part: usize) -> &[T] {
        bytemuck::try_cast_slice(&self.map[self.layout.parts[part].clone()]).unwrap_or_default()
    }
}

/// Bytes of one token of an alphabet of so many.
pub fn width(vocabulary: u32) -> u8 {
    // Below the separator.
    match vocabulary {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 4,
    }
}
