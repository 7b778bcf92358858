//! What people write: amounts, ids, accounts. Errors say what was expected.

use openledger_chain::{account::parse, AccountId, Error};
use openledger_primitives::{
    signature::{Signature, Signer},
    voucher::SignedVoucher,
    Balance, DatanetId, VersionNumber, H256, UNIT,
};

/// The most bytes of a name or a label.
pub const MAX_NAME: usize = 64;
/// The most bytes of a description.
const MAX_METADATA: usize = 256;
/// The most ids of one list.
const MAX_IDS: usize = 100_000;

/// Reads an amount: `12.5` OPEN, or `1200u` units.
///
/// # Errors
/// If it is neither, has more than 18 decimals, or is more than there can be.
pub fn amount(text: &str) -> Result<Balance, String> {
    const EXPECTED: &str =
        "expected OPEN such as 12.5, with at most 18 decimals, or units such as 1200u";
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, decimals, unit) = match text.strip_suffix('u') {
        Some(units) => (units, "", 1),
        None => {
            let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
            (whole, decimals, UNIT)
        }
    };
    let right = !whole.is_empty() && digits(whole) && digits(decimals) && decimals.len() <= 18;
    if !right || (unit == UNIT && decimals.is_empty()) {
        return Err(EXPECTED.into());
    }
    let sum = || {
        let decimals: Balance = format!("{decimals:0<18}").parse().ok()?;
        let whole = whole.parse::<Balance>().ok()?.checked_mul(unit)?;
        whole.checked_add(if unit == 1 { 0 } else { decimals })
    };
    sum().ok_or_else(|| "more than there can ever be".into())
}

/// A list of ids, in the order in which they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids(pub Vec<u32>);

/// Reads ids: `1,2,5-9`.
///
/// # Errors
/// If a part is neither an id nor an ascending range, or there are too many.
pub fn ids(text: &str) -> Result<Ids, String> {
    let mut ids = Vec::new();
    for part in text.split(',').map(str::trim) {
        let wrong = || format!("{part:?} is no id; expected a list such as 1,2,5-9");
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (id(first).ok_or_else(wrong)?, id(last).ok_or_else(wrong)?);
        if last < first {
            return Err(wrong());
        }
        if (last - first) as usize >= MAX_IDS - ids.len() {
            return Err(format!("more than {MAX_IDS} ids"));
        }
        ids.extend(first..=last);
    }
    Ok(Ids(ids))
}

/// Digits alone: `str::parse` also takes a plus sign.
fn id(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Reads a version of a datanet: `0:1`.
///
/// # Errors
/// If it is not two numbers.
pub fn version(text: &str) -> Result<(DatanetId, VersionNumber), String> {
    text.split_once(':')
        .and_then(|(datanet, version)| Some((id(datanet.trim())?, id(version.trim())?)))
        .ok_or_else(|| format!("{text:?} is no DATANET:VERSION such as 0:1"))
}

/// Reads an account: an SS58 address, `0x` and 32 bytes, or a SURI that begins with `//`.
///
/// # Errors
/// If it is none of these.
pub fn account(text: &str) -> Result<AccountId, String> {
    parse(text).map_err(|error| match error {
        Error::Account { reason, .. } => reason,
        other => other.to_string(),
    })
}

/// Reads whose key signs: an account as [`account`] has it, or an Ethereum address, `0x` and 20 bytes.
///
/// # Errors
/// If it is neither.
pub fn signer(text: &str) -> Result<Signer<AccountId>, String> {
    let mut address = [0; 20];
    if text.strip_prefix("0x").is_some_and(|hex| hex::decode_to_slice(hex, &mut address).is_ok()) {
        return Ok(Signer::Ethereum(address));
    }
    account(text).map(Signer::Account).map_err(|error| {
        format!("{error}; of Ethereum, expected an address: 0x and 40 hexadecimal digits")
    })
}

/// Reads a signed voucher.
///
/// # Errors
/// If it is not the JSON of one.
pub fn voucher(text: &str) -> Result<SignedVoucher, String> {
    serde_json::from_str(text).map_err(|error| {
        format!(
            r#"expected {{"channel":7,"cumulative":"1200","expires":900,"signature":"0x02…"}}: {error}"#
        )
    })
}

/// Reads a number of bytes: `8G`, or with `K`, `M`, `T`, or none.
///
/// # Errors
/// If it is none, or more than there can be.
pub fn bytes(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.char_indices().last() {
        Some((at, 'K')) => (&text[..at], 1_u64 << 10),
        Some((at, 'M')) => (&text[..at], 1 << 20),
        Some((at, 'G')) => (&text[..at], 1 << 30),
        Some((at, 'T')) => (&text[..at], 1 << 40),
        _ => (text, 1),
    };
    let number =
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u64>().ok());
    number
        .flatten()
        .and_then(|number| number.checked_mul(factor))
        .ok_or_else(|| "expected a number of bytes such as 8G, with K, M, G, T or none".into())
}

/// Reads the name of a host: without scheme, port and path.
///
/// # Errors
/// If it is none.
pub fn host(text: &str) -> Result<String, String> {
    let right = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    match !text.is_empty() && text.chars().all(right) {
        true => Ok(text.to_lowercase()),
        false => Err("expected a name such as gateway.example, without scheme and port".into()),
    }
}

/// Reads the origin of pages: scheme, host, and the port where it is not the scheme's own; or `*`.
///
/// # Errors
/// If it is none.
pub fn origin(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let right = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#', '@']));
    match right || text == "*" {
        true => Ok(text.to_lowercase()),
        false => Err("expected an origin such as https://chat.example, or *".into()),
    }
}

/// Reads whom to send how much: `//Bob=12.5`.
///
/// # Errors
/// As [`account`] and [`amount`].
pub fn transfer(text: &str) -> Result<(AccountId, Balance), String> {
    let (to, units) = text.rsplit_once('=').ok_or("expected ACCOUNT=AMOUNT such as //Bob=12.5")?;
    Ok((account(to)?, amount(units)?))
}

/// Reads a part of the whole: 0 to 1.
///
/// # Errors
/// If it is not a number in that range.
pub fn fraction(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|fraction| (0.0..=1.0).contains(fraction))
        .ok_or_else(|| "expected a number from 0 to 1".into())
}

/// Reads the name of a datanet or a model.
///
/// # Errors
/// If it is empty, or longer than the chain keeps.
pub fn name(text: &str) -> Result<String, String> {
    match text.len() {
        1..=MAX_NAME => Ok(text.into()),
        length => Err(format!("expected 1 to {MAX_NAME} bytes, this has {length}")),
    }
}

/// Reads a description of a datanet.
///
/// # Errors
/// If it is longer than the chain keeps.
pub fn metadata(text: &str) -> Result<String, String> {
    at_most::<MAX_METADATA>(text)
}

/// Reads a text of at most so many bytes.
///
/// # Errors
/// If it is longer.
pub fn at_most<const BYTES: usize>(text: &str) -> Result<String, String> {
    match text.len() {
        length if length <= BYTES => Ok(text.into()),
        length => Err(format!("expected at most {BYTES} bytes, this has {length}")),
    }
}

/// Reads a signature: `0x`, its kind, and its bytes.
///
/// # Errors
/// If it is none.
pub fn signature(text: &str) -> Result<Signature, String> {
    serde_json::from_value(text.into()).map_err(|error: serde_json::Error| error.to_string())
}

/// `0x` and 32 bytes, if it is that.
pub fn hash(text: &str) -> Option<H256> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.strip_prefix("0x")?, &mut bytes).ok()?;
    Some(bytes.into())
}
