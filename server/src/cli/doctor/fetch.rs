//! A `GET`, over a connection of its own.

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, Request, Uri, header};
use causerie_doctor::{Answer, Fetched, Target};
use http_body_util::{BodyExt, Collected, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout};

use super::connect::{self, Stream};

/// Bytes of a body that are read; Causerie's answers are smaller.
const BODY: usize = 64 * 1024;

/// The response, without credentials and without following a redirect.
pub(super) async fn get(target: &Target, url: &str, origin: Option<&str>, patience: Duration) -> Fetched {
    let answered = async { over(connect::connect(target, patience).await.ok()?, target, url, origin).await };
    match timeout(patience, answered).await {
        Ok(Some(answer)) => Fetched::Answered(answer),
        Ok(None) => Fetched::Failed,
        Err(_) => Fetched::TimedOut,
    }
}

/// As [`get`], over an open connection and without a timeout.
pub(super) async fn over(
    stream: Box<dyn Stream>,
    target: &Target,
    url: &str,
    origin: Option<&str>,
) -> Option<Answer> {
    let uri: Uri = url.parse().ok()?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::get(path)
        .header(header::HOST, target.authority())
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, super::socket::USER_AGENT);
    if let Some(origin) = origin {
        request = request.header(header::ORIGIN, origin);
    }
    let request = request.body(Empty::<Bytes>::new()).ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let (sent_at, began) = (SystemTime::now(), Instant::now());
    let exchange = async {
        let response = sender.send_request(request).await.ok()?;
        let (head, body) = response.into_parts();
        let milliseconds = began.elapsed().as_secs_f64() * 1_000.0;
        // A longer body is not Causerie's, which its length alone shows.
        let body = Limited::new(body, BODY).collect().await.map(Collected::to_bytes).unwrap_or_default();
        Some(Answer {
            status: head.status.as_u16(),
            server: text(&head.headers, header::SERVER),
            location: text(&head.headers, header::LOCATION),
            body: String::from_utf8_lossy(&body).into_owned(),
            sent_at_ms: milliseconds_since_1970(sent_at),
            milliseconds,
        })
    };
    tokio::pin!(connection, exchange);
    // The connection moves the bytes; what it ends with, the exchange ends with too.
    tokio::select! {
        answer = &mut exchange => answer,
        _ = &mut connection => exchange.await,
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn milliseconds_since_1970(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
