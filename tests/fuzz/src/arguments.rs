//! One record of an input, and what its bytes are taken for.

use openledger_primitives::{Balance, PPM, TOTAL_ISSUANCE, UNIT};
use openledger_runtime::{
    units::{EXISTENTIAL_DEPOSIT, MILLI},
    AccountId,
};

use crate::accounts::{edwards, users};

/// Bytes of a record: what to do, who does it, and with what.
pub const RECORD: usize = 16;

/// The bytes of a record from the second on. Where there are no more, they are zero, and zero is always
/// the plain choice: whoever may make the call makes it, about the first thing that it fits, with an
/// amount that makes sense. So an input of few bytes goes far, and other bytes bend it.
pub struct Arguments<'a> {
    who: u8,
    rest: &'a [u8],
}

impl<'a> Arguments<'a> {
    /// Of a record without its first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        let (who, rest) = bytes.split_first().map_or((0, bytes), |(who, rest)| (*who, rest));
        Self { who, rest }
    }

    pub fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((first, rest)) => {
                self.rest = rest;
                *first
            }
            None => 0,
        }
    }

    /// True for one value in eight, and not for zero.
    pub fn rarely(&mut self) -> bool {
        self.byte() >= 224
    }

    pub fn pick<T: Clone>(&mut self, choices: &[T]) -> Option<T> {
        let byte = usize::from(self.byte());
        choices.get(byte.checked_rem(choices.len())?).cloned()
    }

    /// One of `wanted`; for one value in eight, or where there is none, any small number.
    pub fn id<T: Copy + From<u8>>(&mut self, wanted: &[T]) -> T {
        let byte = self.byte();
        let at = usize::from(byte).checked_rem(wanted.len());
        match at.and_then(|at| wanted.get(at)) {
            Some(id) if byte < 224 => *id,
            _ => T::from(byte % 16),
        }
    }

    pub fn user(&mut self) -> AccountId {
        let byte = usize::from(self.byte());
        users()[byte % users().len()].account.clone()
    }

    /// A user, or for one value in eight an account that may not exist.
    pub fn receiver(&mut self) -> AccountId {
        if self.rarely() {
            return edwards();
        }
        self.user()
    }

    pub fn some_users(&mut self) -> Vec<AccountId> {
        let number = self.byte() % 4;
        (0..number).map(|_| self.user()).collect()
    }

    /// Who signs: `right`, which may, or for one value in four any user.
    pub fn caller(&self, right: Option<AccountId>) -> AccountId {
        let any = || users()[usize::from(self.who) % users().len()].account.clone();
        match right {
            // A pallet's own account has no key.
            Some(right)
                if self.who < 192 && !AsRef::<[u8]>::as_ref(&right).starts_with(b"modl") =>
            {
                right
            }
            _ => any(),
        }
    }

    /// Any user, by the record's own byte for it.
    pub fn anyone(&self) -> AccountId {
        users()[usize::from(self.who) % users().len()].account.clone()
    }

    /// `near`, or an amount at which something changes.
    pub fn amount(&mut self, near: Balance) -> Balance {
        match self.byte() % 32 {
            0..=15 => near,
            16 => near.saturating_sub(1),
            17 => near.saturating_add(1),
            18 => near / 2,
            19 => near.saturating_mul(2),
            20 => 0,
            21 => 1,
            22 => EXISTENTIAL_DEPOSIT - 1,
            23 => EXISTENTIAL_DEPOSIT,
            24 => MILLI,
            25 => UNIT,
            26 => 999 * UNIT + 999_999_999_999_999_999,
            27 => 1_000 * UNIT,
            28 => TOTAL_ISSUANCE,
            29 => near / 3,
            30 => 7,
            _ => Balance::MAX,
        }
    }

    /// Zero, or some parts per million.
    pub fn ppm(&mut self) -> u32 {
        let byte = self.byte();
        match byte {
            0..=63 => 0,
            64..=223 => u32::from(byte) * (PPM / 256),
            224..=239 => PPM,
            _ => u32::MAX - u32::from(byte),
        }
    }

    /// Letters, at least one but for one value in 256.
    pub fn name(&mut self) -> Vec<u8> {
        match self.byte() {
            255 => Vec::new(),
            byte => vec![b'a'; 1 + usize::from(byte) % 64],
        }
    }
}
