//! A mail server for tests: it takes everything that is sent to it (RFC 5321), and shows it.

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::LIMIT;

/// A mail server on a free port, one connection at a time.
#[derive(Debug)]
pub struct MailServer(TcpListener);

impl MailServer {
    /// Starts one.
    pub async fn open() -> Result<Self> {
        Ok(Self(TcpListener::bind("127.0.0.1:0").await?))
    }

    /// Its address, as the option `--smtp-url` takes it.
    pub fn url(&self) -> Result<String> {
        Ok(format!("smtp://{}", self.0.local_addr()?))
    }

    /// The next mail, with its headers, without the line ends of quoted-printable (RFC 2045, section 6.7).
    pub async fn mail(&self) -> Result<String> {
        let (stream, _) = timeout(LIMIT, self.0.accept()).await.context("no mail comes")??;
        let mail = timeout(LIMIT, receive(stream)).await.context("the mail does not end")??;
        Ok(mail.replace("=\r\n", "").replace("=3D", "="))
    }
}

async fn receive(stream: TcpStream) -> Result<String> {
    let mut stream = BufReader::new(stream);
    let (mut mail, mut in_data) = (String::new(), false);
    stream.write_all(b"220 ready\r\n").await?;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let answer = match line.trim_end() {
            "." if in_data => {
                stream.write_all(b"250 taken\r\n").await?;
                return Ok(mail);
            }
            "DATA" => {
                in_data = true;
                "354 go on"
            }
            _ if in_data => {
                mail += &line;
                continue;
            }
            _ => "250 yes",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

/// The secret of the link that a mail holds, after this mark in the page's address.
pub fn secret_in(mail: &str, mark: &str) -> Result<String> {
    let (_, after) = mail.split_once(&format!("/#{mark}=")).context("there is no such link in the mail")?;
    Ok(after.chars().take_while(|char| !char.is_whitespace()).collect())
}
