//! What faces the internet: the webhook receiver. It has no rights: no token, no Secret, no client.
//!
//! A request is cut to size and passed on as it came, over a [`Relay`]; whoever is behind it verifies, decides and
//! gives the answer. In one process the relay is a function, in the installation a socket in a shared folder.

mod receiver;
mod relay;

pub use receiver::{BODY_MAX, router};
pub use relay::{RawAnswer, RawRequest, Relay, Socket, serve_socket};
