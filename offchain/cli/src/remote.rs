//! A gateway over HTTP.

use std::{error::Error as _, net::IpAddr, path::PathBuf, time::Duration};

use anyhow::{bail, ensure, Context as _};
use openledger_primitives::{json::decimal, Balance};
use openledger_service::Secret;
use reqwest::{RequestBuilder, Url};
use serde::Deserialize;

use crate::{context::Context, failure::Remote};

/// How long a gateway may take: many questions may wait before one's own.
const PATIENCE: Duration = Duration::from_secs(620);
/// Variables that name a proxy.
const PROXIES: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

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

/// Whose gateway, for its operator.
#[derive(clap::Args)]
pub struct Administered {
    /// The gateway's address for its operator
    #[arg(
        long,
        env = "OPENLEDGER_ADMIN",
        hide_env_values = true,
        default_value = "http://127.0.0.1:9967",
        value_name = "URL"
    )]
    pub admin: String,
    /// The file with its token, by default `<home>/gateway/token`
    #[arg(long, value_name = "FILE")]
    pub token: Option<PathBuf>,
}

/// A gateway's HTTP interface.
pub struct Gateway {
    http: reqwest::Client,
    url: String,
    /// The option that names another.
    option: &'static str,
    token: Option<String>,
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

/// The address of a gateway from what people write: without a scheme, with a slash or OpenAI's `/v1` at its end.
///
/// # Errors
/// If it is no address of plain HTTP.
pub fn address(text: &str) -> anyhow::Result<Url> {
    let with_scheme =
        if text.contains("://") { text.to_string() } else { format!("http://{text}") };
    let trimmed = with_scheme.trim_end_matches('/');
    let trimmed = trimmed.strip_suffix("/v1").unwrap_or(trimmed).trim_end_matches('/');
    let expected = || format!("{text:?} is no address: expected one such as http://127.0.0.1:9966");
    let url: Url = trimmed.parse().with_context(expected)?;
    ensure!(url.has_host(), expected());
    match url.scheme() {
        "http" => Ok(url),
        "https" => bail!(
            "{text:?}: this program speaks plain HTTP; name a proxy on this machine that speaks TLS to the gateway"
        ),
        _ => bail!(expected()),
    }
}

/// Whether an address is on this machine, where no proxy leads.
fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

impl Gateway {
    /// The gateway at an address; nothing is sent yet.
    pub fn new(at: &At) -> anyhow::Result<Self> {
        Self::patient(at, PATIENCE)
    }

    /// The same, for where there is another way if it does not answer in time.
    pub fn patient(at: &At, patience: Duration) -> anyhow::Result<Self> {
        Self::of(&at.gateway, patience, "--gateway", None)
    }

    /// The gateway at its operator's address, with the token that it wrote.
    pub(crate) fn administered(at: &Administered, context: &Context) -> anyhow::Result<Self> {
        let path = match &at.token {
            Some(path) => path.clone(),
            None => context.home()?.join("gateway").join("token"),
        };
        let token = Secret::read(&path).context(
            "the token that the gateway wrote at its first start is needed: name its file with --token",
        )?;
        Self::of(&at.admin, PATIENCE, "--admin", Some(token.reveal().into()))
    }

    fn of(
        text: &str,
        patience: Duration,
        option: &'static str,
        token: Option<String>,
    ) -> anyhow::Result<Self> {
        let url = address(text)?;
        let mut http = reqwest::Client::builder().timeout(patience);
        if is_local(&url) {
            http = http.no_proxy();
        }
        let url = url.as_str().trim_end_matches('/').into();
        Ok(Self { http: http.build()?, url, option, token })
    }

    /// A request to a path.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.authorised(self.http.get(format!("{}/{path}", self.url)))
    }

    /// A request to a path that changes something.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.authorised(self.http.post(format!("{}/{path}", self.url)))
    }

    fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
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
        let local = self.url.parse().is_ok_and(|url| is_local(&url));
        let set = PROXIES.iter().find(|name| std::env::var_os(name).is_some());
        if let Some(name) = set.filter(|_| !local) {
            reason.push_str(&format!(" (by way of the proxy that {name} names)"));
        }
        let lost = !error.is_connect() && !error.is_timeout();
        Remote::Unreachable { url: self.url.clone(), option: self.option, reason, lost }
    }
}
