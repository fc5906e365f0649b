//! Sends mail over SMTP, where a server is configured (ADR 0138).

use std::time::Duration;

use anyhow::Context as _;
use api::ports::{Mail, Mailer, PortError};
use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::config::Smtp;

/// Longest an SMTP server may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// A way to an SMTP server.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpMailer {
    /// As configured; none where no server is named.
    pub fn new(config: &Smtp) -> anyhow::Result<Option<Self>> {
        let Some(host) = config.host.as_deref().filter(|host| !host.is_empty()) else { return Ok(None) };
        let from = config.from.parse().with_context(|| format!("smtp.from {:?} is no mail address", config.from))?;
        let tls = TlsParameters::new(host.to_owned()).with_context(|| format!("smtp.host {host}"))?;
        let tls = match (config.secure, &config.user) {
            (true, _) => Tls::Wrapper(tls),
            // A password never leaves in the clear.
            (false, Some(_)) => Tls::Required(tls),
            (false, None) => Tls::Opportunistic(tls),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(config.port)
            .tls(tls)
            .timeout(Some(TIMEOUT));
        if let Some(user) = &config.user {
            let password = config.password.clone().unwrap_or_default();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Some(Self { transport: builder.build(), from }))
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: Mail) -> Result<(), PortError> {
        let failed = |error: &dyn std::fmt::Display| PortError::Unavailable(error.to_string());
        let to: Mailbox = mail.to.parse().map_err(|error: lettre::address::AddressError| failed(&error))?;
        let message = Message::builder().from(self.from.clone()).to(to).subject(mail.subject).body(mail.text);
        let message = message.map_err(|error| failed(&error))?;
        self.transport.send(message).await.map(drop).map_err(|error| failed(&error))
    }
}

#[cfg(test)]
pub mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// Speaks enough of RFC 5321 to take one mail, and gives what it was sent.
    pub fn sink() -> (u16, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).unwrap();
            say("220 sink");
            let (mut heard, mut in_data) = (String::new(), false);
            while let Some(Ok(line)) = lines.next() {
                heard.push_str(&line);
                heard.push('\n');
                match line.split(' ').next().unwrap_or("") {
                    "." if in_data => {
                        in_data = false;
                        say("250 taken");
                    }
                    _ if in_data => {}
                    "DATA" => {
                        in_data = true;
                        say("354 go on");
                    }
                    "QUIT" => {
                        say("221 bye");
                        break;
                    }
                    _ => say("250 ok"),
                }
            }
            heard
        });
        (port, taken)
    }

    pub fn config(port: u16) -> Smtp {
        Smtp {
            host: Some("127.0.0.1".to_owned()),
            port,
            secure: false,
            user: None,
            password: None,
            from: "Hopwhistle <noreply@hopwhistle.example>".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_mail_reaches_the_server() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (port, taken) = sink();
        let mailer = SmtpMailer::new(&config(port)).unwrap().unwrap();
        let text = "Hello Ana,\n\nhttp://localhost:3000/invitation#abc\n".to_owned();
        let mail = Mail { to: "ana@acme.example".to_owned(), subject: "Grüße".to_owned(), text };
        mailer.send(mail).await.unwrap();
        drop(mailer);
        let heard = tokio::task::spawn_blocking(move || taken.join().unwrap()).await.unwrap();
        assert!(heard.contains("MAIL FROM:<noreply@hopwhistle.example>"), "{heard}");
        assert!(heard.contains("RCPT TO:<ana@acme.example>"), "{heard}");
        assert!(heard.contains("http://localhost:3000/invitation#abc"), "{heard}");
    }

    #[tokio::test]
    async fn what_is_wrong_is_said() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        assert!(SmtpMailer::new(&Smtp { host: None, ..config(1) }).unwrap().is_none());
        let wrong = SmtpMailer::new(&Smtp { from: "nobody".to_owned(), ..config(1) });
        assert!(wrong.err().unwrap().to_string().contains("smtp.from"));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mailer = SmtpMailer::new(&config(port)).unwrap().unwrap();
        let mail = Mail { to: "ana@acme.example".to_owned(), subject: String::new(), text: String::new() };
        assert!(matches!(mailer.send(mail).await, Err(PortError::Unavailable(_))));
    }
}
