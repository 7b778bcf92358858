//! Who signs requests to a gateway: a key, or a session that a channel's signer certified.

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{ensure, Context as _};
use openledger_chain::{account, Keypair};
use openledger_primitives::{
    hashing::content_id,
    session::{Scope, Session, SignedSession, SignedUse, Use},
    signature::{Signature, Signer},
    ChannelId, H256,
};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::files;

/// The header with the signature of a request.
pub const HEADER: &str = "X-OpenLedger-Use";

/// Who signs requests.
pub struct Signing {
    key: Keypair,
    certificate: Option<SignedSession>,
}

impl Signing {
    /// The channel's signer itself.
    pub fn by(key: Keypair) -> Self {
        Self { key, certificate: None }
    }

    /// The header of a request; the same header on the same request is the same request, which is charged once.
    pub fn header(&self, scope: Scope, action: &str, body: &[u8]) -> anyhow::Result<String> {
        let (time, nonce) = (now(), rand::rng().random());
        let asked = Use { scope, body: content_id(body), time, nonce, action };
        let signature = account::sign(&self.key, &asked.preimage());
        let signed = SignedUse { time, nonce, signature, certificate: self.certificate };
        Ok(serde_json::to_string(&signed)?)
    }
}

/// Milliseconds since the Unix epoch.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

/// A session key of one channel, in a file that only its owner reads.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// The key's seed, in hexadecimal digits.
    seed: String,
    session: Session,
    /// By the channel's signer, once it is here.
    signature: Option<Signature>,
}

/// Where a channel's session lies.
pub struct Sessions {
    path: PathBuf,
    channel: ChannelId,
}

impl Sessions {
    /// Of one channel of one chain.
    pub fn of(home: &Path, genesis: &H256, channel: ChannelId) -> Self {
        let folder = home.join("sessions").join(hex::encode(&genesis.0[..4]));
        Self { path: folder.join(format!("{channel}.json")), channel }
    }

    /// Makes a session key; what was there before is replaced.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn make(&self, expires: u64, limit: u128) -> anyhow::Result<Session> {
        let seed: [u8; 32] = rand::rng().random();
        let seed = hex::encode(seed);
        let key = account::keypair(&format!("0x{seed}"))?;
        let session = Session { key: account::bytes(&account::of(&key)), expires, limit };
        self.write(&Kept { seed, session, signature: None })?;
        Ok(session)
    }

    /// Keeps the certificate of the session that was made, if `signer` signed it.
    ///
    /// # Errors
    /// If there is no session, or the signature is not the signer's over it.
    pub fn certify(
        &self,
        scope: &Scope,
        signer: &Signer<openledger_chain::AccountId>,
        signature: Signature,
    ) -> anyhow::Result<Session> {
        let kept = self.read()?;
        ensure!(
            account::verify_by(signer, &kept.session.preimage(scope), &signature),
            "the signature is not that of the signer of channel {} over the newest session's message: \
             `openledger channel session {}` makes another",
            self.channel,
            self.channel
        );
        self.write(&Kept { signature: Some(signature), ..kept })?;
        Ok(self.read()?.session)
    }

    /// Who signs for the session.
    ///
    /// # Errors
    /// If there is none, or it is not certified yet, or over.
    pub fn signing(&self) -> anyhow::Result<Signing> {
        let Kept { seed, session, signature } = self.read()?;
        let channel = self.channel;
        let signature = signature.with_context(|| {
            format!(
                "the session of channel {channel} is not certified: `openledger channel certify {channel} SIGNATURE`"
            )
        })?;
        ensure!(
            session.expires > now(),
            "the session of channel {channel} is over: `openledger channel session {channel}` makes another"
        );
        let key = account::keypair(&format!("0x{seed}"))?;
        Ok(Signing { key, certificate: Some(SignedSession { session, signature }) })
    }

    fn read(&self) -> anyhow::Result<Kept> {
        let channel = self.channel;
        let bytes = files::read(&self.path).with_context(|| {
            format!(
                "there is no session of channel {channel}: sign with --suri, or make one with `openledger channel \
                 session {channel}`"
            )
        })?;
        serde_json::from_slice(&bytes).with_context(|| self.path.display().to_string())
    }

    fn write(&self, kept: &Kept) -> anyhow::Result<()> {
        let failed = || format!("cannot write {}", self.path.display());
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).with_context(failed)?;
        }
        let part = self.path.with_extension("json.part");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&part).with_context(failed)?;
        file.write_all(&serde_json::to_vec(kept)?)
            .and_then(|()| file.sync_all())
            .and_then(|()| std::fs::rename(&part, &self.path))
            .with_context(failed)
    }
}
