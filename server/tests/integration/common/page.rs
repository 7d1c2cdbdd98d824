//! Nodes with versions of the page that are made up, and what a browser loads from them.

use std::future::pending;

use causerie_server::config::Config;
use causerie_server::page::File;
use causerie_server::serve::Server;
use reqwest::{StatusCode, header};
use tokio::net::TcpListener;

/// The files of a version: a document that names two, which no other version has, and one that all have.
pub fn version(number: u32) -> Vec<File> {
    let (script, program) = (format!("page-{number:016x}.js"), format!("page-{number:016x}_bg.wasm"));
    let html = format!(
        "<!doctype html><html><head><base href=\"/\"><title>Causerie</title></head>\
         <body>\"./{script}\" \"./{program}\" \"./style-0123456789abcdef.css\"</body></html>"
    );
    vec![
        File::new("index.html", "text/html; charset=utf-8", html),
        File::new(&script, "text/javascript; charset=utf-8", format!("version {number}")),
        File::new(&program, "application/wasm", vec![0, 97, 115, 109, u8::try_from(number).unwrap()]),
        File::new("style-0123456789abcdef.css", "text/css; charset=utf-8", "p {}"),
    ]
}

/// A node with a version of the page; it ends with the test. Answers its address.
pub async fn node(config: Config, number: u32) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Server::open_with_page(config, version(number)).await.unwrap();
    tokio::spawn(app.serve(listener, pending()));
    url
}

/// What a browser loads: the document from one node, and each file that it names from the next one. Answers what broke.
pub async fn load(client: &reqwest::Client, nodes: &[String], turn: &mut usize) -> Vec<String> {
    let mut next = async |path: &str| {
        let node = &nodes[*turn % nodes.len()];
        *turn += 1;
        client.get(format!("{node}/{path}")).send().await.unwrap()
    };
    let html = next("").await.text().await.unwrap();
    let names: Vec<&str> = html.split('"').filter_map(|part| part.strip_prefix("./")).collect();
    assert_eq!(names.len(), 3, "{html}");
    let mut broken = Vec::new();
    for name in names {
        let answer = next(name).await;
        let kind = answer.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        let expected = if name.ends_with(".js") { "text/javascript" } else { "" };
        if answer.status() != StatusCode::OK || !kind.starts_with(expected) {
            broken.push(format!("{name}: {} {kind}", answer.status()));
        }
    }
    broken
}
