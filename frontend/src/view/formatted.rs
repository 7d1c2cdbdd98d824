//! Draws a text with its formatting: nodes of the document, and never HTML from anybody.

use causerie_client::formatted::{Node, nodes, text_of};
use causerie_client::links::{Piece, pieces};
use causerie_protocol::Span;
use causerie_protocol::spans::SpanKind;
use causerie_texts::{page, say};
use leptos::prelude::*;

use super::erased::text;
use super::widgets::button;

/// The elements of a text.
pub fn draw(said: &str, spans: &[Span]) -> Vec<AnyView> {
    draw_all(&nodes(said, spans), true)
}

/// The elements of nodes; where addresses that stand in the text as they are become links, or not.
fn draw_all(nodes: &[Node<'_>], links: bool) -> Vec<AnyView> {
    let mut drawn = Vec::new();
    for node in nodes {
        match node {
            Node::Text(run) if links => drawn.extend(pieces(run).into_iter().map(draw_piece)),
            Node::Text(run) => drawn.push((*run).to_owned().into_any()),
            Node::Element(kind, within) => drawn.push(element(kind, within, links)),
        }
    }
    drawn
}

fn element(kind: &SpanKind, within: &[Node<'_>], links: bool) -> AnyView {
    let is_literal = matches!(kind, SpanKind::Code | SpanKind::CodeBlock(_) | SpanKind::Link { .. });
    let drawn = draw_all(within, links && !is_literal);
    match kind {
        SpanKind::Strong => view! { <strong>{drawn}</strong> }.into_any(),
        SpanKind::Emphasis => view! { <em>{drawn}</em> }.into_any(),
        SpanKind::Strikethrough => view! { <s>{drawn}</s> }.into_any(),
        SpanKind::Code => view! { <code>{drawn}</code> }.into_any(),
        SpanKind::Quote => view! { <blockquote>{drawn}</blockquote> }.into_any(),
        SpanKind::List => view! { <ul>{drawn}</ul> }.into_any(),
        SpanKind::Numbers(first) => view! { <ol start=first.to_string()>{drawn}</ol> }.into_any(),
        SpanKind::Item => view! { <li>{drawn}</li> }.into_any(),
        SpanKind::Link { address, host } => link(address, drawn, host.as_deref()),
        SpanKind::CodeBlock(language) => code_block(language, text_of(within)),
        SpanKind::Hidden | SpanKind::Unknown => drawn.into_any(),
    }
}

fn draw_piece(piece: Piece<'_>) -> AnyView {
    match piece {
        Piece::Text(text) => text.to_owned().into_any(),
        Piece::Link(address) => link(address, vec![address.to_owned().into_any()], None),
    }
}

fn link(address: &str, words: Vec<AnyView>, host: Option<&str>) -> AnyView {
    let host = host.map(|host| view! { <bdi class="host">{format!(" ({host})")}</bdi> });
    let address = address.to_owned();
    view! { <a href=address target="_blank" rel="noopener noreferrer nofollow">{words}</a>{host} }.into_any()
}

/// A block of code, which is scrolled by itself, with its language and a way to copy it.
fn code_block(language: &str, code: String) -> AnyView {
    let shown = code.clone();
    let said = RwSignal::new(String::new());
    let copy = move |_| {
        let code = code.clone();
        causerie_web::run(async move {
            let words =
                if causerie_web::clipboard::copy(code).await { say!(Copied) } else { say!(NotCopied) };
            let _ = said.try_set(words.to_owned());
        });
    };
    let language = language.to_owned();
    page! {
        <div class="code">
            <div>
                <span>{language}</span>
                <span role="status">{text(move || said.get())}</span>
                {button("link", Some("copy-code"), say!(CopyCode), copy)}
            </div>
            <pre tabindex="0" role="region" aria-label=say!(CodeBlock) dir="ltr"><code>{shown}</code></pre>
        </div>
    }
    .into_any()
}
