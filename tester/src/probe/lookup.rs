//! Whether a name has an address, which a browser reports in no other way.
//!
//! A failed fetch gives the same error for a name without an address and for a port without a listener.
//! But a peer connection (WebRTC) looks up the names of its STUN servers, and Chromium reports when that fails:
//! `icecandidateerror` with the code 701 and "STUN host lookup received error".
//! No STUN server is needed, and no connection is made.

use std::net::IpAddr;
use std::pin::pin;

use futures_channel::mpsc::unbounded;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use js_sys::{Array, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RtcConfiguration, RtcIceServer, RtcPeerConnection, RtcPeerConnectionIceErrorEvent};

use crate::browser;

/// How long a look-up may take to fail.
const LOOK_UP_MS: u32 = 3_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    Found,
    NotFound,
    /// This browser does not report it.
    Unknown,
}

/// Looks a name up; an IP address needs no look-up, and every browser knows `localhost`.
pub async fn look_up(host: &str, port: u16) -> Name {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() || bare == "localhost" || bare.ends_with(".localhost") {
        return Name::Found;
    }
    // Only Chromium reports the error, so only there its absence means something.
    let navigator = causerie_web::window().navigator();
    let tells = Reflect::has(&navigator, &"userAgentData".into()).unwrap_or(false) || is_chromium(&navigator);
    if !tells {
        return Name::Unknown;
    }
    ask(host, port).await.unwrap_or(Name::Unknown)
}

/// `userAgentData` exists on secure origins only.
fn is_chromium(navigator: &web_sys::Navigator) -> bool {
    navigator.user_agent().is_ok_and(|agent| agent.contains("Chrome/") || agent.contains("Chromium/"))
}

async fn ask(host: &str, port: u16) -> Result<Name, JsValue> {
    let server = RtcIceServer::new();
    server.set_urls(&format!("stun:{host}:{port}").into());
    let configuration = RtcConfiguration::new();
    configuration.set_ice_servers(&Array::of1(&server));
    let connection = RtcPeerConnection::new_with_configuration(&configuration)?;
    let (tell, mut told) = unbounded();
    let gone = tell.clone();
    let on_error = Closure::<dyn FnMut(RtcPeerConnectionIceErrorEvent)>::new(
        move |event: RtcPeerConnectionIceErrorEvent| {
            let is_look_up = event.error_text().to_lowercase().contains("lookup");
            // Any other error comes after the look-up.
            let _ = tell.unbounded_send(if is_look_up { Name::NotFound } else { Name::Found });
        },
    );
    let watched = connection.clone();
    let on_state = Closure::<dyn FnMut()>::new(move || {
        // It completed without an error: there was no network.
        if watched.ice_gathering_state() == web_sys::RtcIceGatheringState::Complete {
            let _ = gone.unbounded_send(Name::Unknown);
        }
    });
    connection.add_event_listener_with_callback("icecandidateerror", on_error.as_ref().unchecked_ref())?;
    connection
        .add_event_listener_with_callback("icegatheringstatechange", on_state.as_ref().unchecked_ref())?;
    // Without a data channel no candidates are gathered.
    let _channel = connection.create_data_channel("look-up");
    let offer = JsFuture::from(connection.create_offer()).await?;
    JsFuture::from(connection.set_local_description(offer.unchecked_ref())).await?;
    let timer = pin!(browser::pause(LOOK_UP_MS));
    let name = match select(told.next(), timer).await {
        Either::Left((name, _)) => name.unwrap_or(Name::Unknown),
        // The look-up succeeded, and it waits for a response from that address.
        Either::Right(_) => Name::Found,
    };
    connection.close();
    Ok(name)
}
