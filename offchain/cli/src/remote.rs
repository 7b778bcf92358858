//! A gateway over HTTP.

use std::{error::Error as _, time::Duration};

use openledger_primitives::{json::decimal, Balance};
use reqwest::RequestBuilder;
use serde::Deserialize;

use crate::failure::Remote;

/// How long a gateway may take: many questions may wait before one's own.
const PATIENCE: Duration = Duration::from_secs(600);

/// Which gateway.
#[derive(clap::Args)]
pub struct At {
    /// The gateway
    #[arg(
        long,
        env = "OPENLEDGER_GATEWAY",
        hide_env_values = true,
        default_value = "http://127.0.0.1:9966",
        value_name = "URL"
    )]
    pub gateway: String,
}

/// A gateway's HTTP interface.
pub struct Gateway {
    http: reqwest::Client,
    url: String,
}

/// How a gateway refuses.
#[derive(Debug, Deserialize)]
pub struct Refusal {
    /// In a sentence.
    pub message: String,
    /// In a word.
    pub code: String,
    /// The voucher that would do.
    pub required: Option<Required>,
}

/// See [`Refusal::required`].
#[derive(Debug, Deserialize)]
pub struct Required {
    /// In units.
    #[serde(with = "decimal")]
    pub cumulative: Balance,
}

impl Refusal {
    /// As an error that ends a command.
    pub fn remote(self) -> Remote {
        Remote::Refused { code: self.code, message: self.message }
    }
}

impl Gateway {
    /// The gateway at an address; nothing is sent yet.
    pub fn new(at: &At) -> anyhow::Result<Self> {
        Self::patient(at, PATIENCE)
    }

    /// The same, for where there is another way if it does not answer in time.
    pub fn patient(at: &At, patience: Duration) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(patience).build()?;
        Ok(Self { http, url: at.gateway.trim_end_matches('/').into() })
    }

    /// A request to a path.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}/{path}", self.url))
    }

    /// A request to a path that changes something.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}/{path}", self.url))
    }

    /// The bytes of the answer, or why there is none.
    pub async fn send(&self, request: RequestBuilder) -> anyhow::Result<Result<Vec<u8>, Refusal>> {
        #[derive(Deserialize)]
        struct Body {
            error: Refusal,
        }
        let answer = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|error| self.unreachable(&error))?;
        if status.is_success() {
            return Ok(Ok(bytes.to_vec()));
        }
        // Something between here and the gateway, or no gateway at all.
        let other = || Refusal {
            message: String::from_utf8_lossy(&bytes).chars().take(200).collect(),
            code: status.as_u16().to_string(),
            required: None,
        };
        Ok(Err(serde_json::from_slice(&bytes).map_or_else(|_| other(), |body: Body| body.error)))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Remote {
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(deeper) = cause {
            reason = deeper.to_string();
            cause = deeper.source();
        }
        Remote::Unreachable { url: self.url.clone(), reason }
    }
}
