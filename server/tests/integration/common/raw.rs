//! A client's end of a connection by hand, for what no library does: writing without reading, and stopping halfway.

use causerie_testkit::LIMIT;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::common::server::TestServer;

/// Opens a socket by hand.
pub async fn open(server: &TestServer, token: &str, path: &str) -> (OwnedReadHalf, OwnedWriteHalf) {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: Bearer, {token}\r\n\r\n",
        server.address
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    let read = async {
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
    };
    timeout(LIMIT, read).await.expect("no answer came");
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    stream.into_split()
}

/// A frame of a client, masked with zeros (RFC 6455, section 5.2): 1 is a text, 9 a ping.
pub fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        _ => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// Reads frames until a close frame, and answers its code.
pub async fn close_code(reader: &mut OwnedReadHalf) -> u16 {
    let read = async {
        loop {
            let kind = reader.read_u8().await.expect("a frame") & 0x0f;
            let length = match reader.read_u8().await.unwrap() & 0x7f {
                126 => usize::from(reader.read_u16().await.unwrap()),
                127 => usize::try_from(reader.read_u64().await.unwrap()).unwrap(),
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            reader.read_exact(&mut payload).await.unwrap();
            if kind == 0x8 {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    };
    timeout(LIMIT, read).await.expect("no close frame came")
}

/// Sends this on a connection of its own and answers everything that comes until the server ends it.
pub async fn until_ended(server: &TestServer, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(sent).await.unwrap();
    rest(&mut stream).await
}

/// Everything that comes until the other end closes or resets the connection.
pub async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = timeout(LIMIT, stream.read_to_end(&mut answer)).await.expect("the connection stays open");
    String::from_utf8_lossy(&answer).into_owned()
}
