//! Hooks of organisations and repositories, and the deliveries of them and of the App.

use super::{
    items::gone_is_good,
    transport::{Transport, parse, segment},
};
use crate::{Delivery, DeliveryStatus, ForgeError, Hook, HookSource, HookWish};
use http::Method;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;

/// The latest deliveries are enough: older ones were looked at before.
const DELIVERY_PAGES: usize = 2;

fn path(source: &HookSource) -> String {
    match source {
        HookSource::App => "/app/hook".to_owned(),
        HookSource::Organization(organization) => format!("/orgs/{}/hooks", segment(organization)),
        HookSource::Repository(repository) => {
            format!("/repos/{}/{}/hooks", segment(&repository.owner), segment(&repository.name))
        }
    }
}

fn deliveries_path(source: &HookSource, hook: u64) -> String {
    match source {
        HookSource::App => format!("{}/deliveries", path(source)),
        HookSource::Organization(_) | HookSource::Repository(_) => {
            format!("{}/{hook}/deliveries", path(source))
        }
    }
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    url: String,
}

#[derive(Deserialize)]
struct Listed {
    id: u64,
    active: bool,
    #[serde(default)]
    events: BTreeSet<String>,
    config: Config,
}

pub(super) async fn list(via: &Transport, source: &HookSource) -> Result<Vec<Hook>, ForgeError> {
    let listed: Vec<Listed> = via.list(&(path(source) + "?per_page=100")).await?;
    Ok(listed
        .into_iter()
        .map(|hook| Hook { id: hook.id, url: hook.config.url, events: hook.events, active: hook.active })
        .collect())
}

/// The secret cannot be read back, so an existing hook is written whenever this is asked.
pub(super) async fn ensure(via: &Transport, source: &HookSource, wish: &HookWish) -> Result<u64, ForgeError> {
    #[derive(Deserialize)]
    struct Written {
        id: u64,
    }
    let body = json!({
        "name": "web", "active": true, "events": wish.events,
        "config": {
            "url": wish.url, "content_type": "json", "insecure_ssl": "0", "secret": wish.secret.expose_secret(),
        },
    });
    let existing = list(via, source).await?.into_iter().find(|hook| hook.url == wish.url);
    let (method, path) = match existing {
        Some(hook) => (Method::PATCH, format!("{}/{}", path(source), hook.id)),
        None => (Method::POST, path(source)),
    };
    let answer = via.write(method, &path, Some(&body)).await?;
    Ok(parse::<Written>(&path, &answer)?.id)
}

pub(super) async fn delete(via: &Transport, source: &HookSource, id: u64) -> Result<(), ForgeError> {
    gone_is_good(via.write(Method::DELETE, &format!("{}/{id}", path(source)), None::<&()>).await.map(drop))
}

pub(super) async fn deliveries(
    via: &Transport,
    source: &HookSource,
    hook: u64,
) -> Result<Vec<Delivery>, ForgeError> {
    #[derive(Deserialize)]
    struct Listed {
        id: u64,
        guid: String,
        delivered_at: Timestamp,
        status_code: i64,
    }
    let path = deliveries_path(source, hook) + "?per_page=100";
    let listed: Vec<Listed> = via.pages(&path, DELIVERY_PAGES, |body| parse(&path, body)).await?;
    let status =
        |code| if (200..300).contains(&code) { DeliveryStatus::Arrived } else { DeliveryStatus::Failed };
    Ok(listed
        .into_iter()
        .map(|delivery| Delivery {
            id: delivery.id,
            guid: delivery.guid,
            delivered_at: delivery.delivered_at,
            status: status(delivery.status_code),
        })
        .collect())
}

pub(super) async fn redeliver(
    via: &Transport,
    source: &HookSource,
    hook: u64,
    delivery: u64,
) -> Result<(), ForgeError> {
    let path = format!("{}/{delivery}/attempts", deliveries_path(source, hook));
    via.write(Method::POST, &path, None::<&()>).await.map(drop)
}
