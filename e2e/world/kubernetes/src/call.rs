//! A request to a resource, read from its method, path, query and headers.

use std::collections::BTreeMap;

use http::{HeaderMap, Method, Uri, header};

use crate::failure::{Failure, FieldError};

/// What a request does, in the words of Kubernetes' authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Read one object or a subresource.
    Get,
    /// Read a collection.
    List,
    /// Follow a collection.
    Watch,
    /// POST.
    Create,
    /// PUT.
    Update,
    /// PATCH, server-side apply included.
    Patch,
    /// DELETE of one object.
    Delete,
    /// DELETE of a collection.
    DeleteCollection,
}

impl Verb {
    /// The verb as it stands in access rules.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }

    /// Whether it changes something.
    pub const fn writes(self) -> bool {
        match self {
            Self::Get | Self::List | Self::Watch => false,
            Self::Create | Self::Update | Self::Patch | Self::Delete | Self::DeleteCollection => true,
        }
    }
}

/// A request to a resource.
#[derive(Clone, Debug)]
pub struct Call {
    /// The number of this write among all writes that reached the world, from 1; none for reads.
    pub write: Option<u64>,
    /// What it does.
    pub verb: Verb,
    /// API group, empty for the core.
    pub group: String,
    /// API version, such as `v1`.
    pub version: String,
    /// Plural name of the resource, such as `pods`.
    pub resource: String,
    /// `status`, `log`, or empty.
    pub subresource: String,
    /// Namespace, empty for cluster-scoped resources and across namespaces.
    pub namespace: String,
    /// Object name, empty for collections.
    pub name: String,
    /// The client's User-Agent: who called, where several clients share a world.
    pub user_agent: String,
    /// Path as it came, without query.
    pub path: String,
    pub(crate) query: Query,
    pub(crate) accept: String,
    pub(crate) content_type: String,
}

/// The query of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(BTreeMap<String, String>);

impl Query {
    pub(crate) fn of(uri: &Uri) -> Self {
        let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// The value of a parameter, or `""`.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// A boolean; `?watch` without a value counts as true, as in Kubernetes.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !matches!(value.as_str(), "false" | "0"))
    }

    /// A number, or nothing where the parameter is absent.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Failure> {
        let text = self.get(name);
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = || Failure::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"));
        text.parse().map(Some).map_err(|_| wrong())
    }

    /// Whether the request only asks what would happen.
    pub(crate) fn dry_run(&self, options: &str) -> Result<bool, Failure> {
        match self.get("dryRun") {
            "" => Ok(false),
            "All" => Ok(true),
            other => {
                let message = format!("Unsupported value: []string{{{other:?}}}: supported values: \"All\"");
                let error =
                    FieldError { reason: "FieldValueNotSupported", field: "dryRun".to_owned(), message };
                Err(Failure::options(options, &error))
            }
        }
    }
}

/// A part of a path with its `%xx` read.
fn unescaped(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = after.get(..2).filter(|_| *first == b'%');
        let byte = escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Call {
    /// Reads a request. A path that cannot be one of a resource is 404.
    pub(crate) fn parse(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Self, Failure> {
        let query = Query::of(uri);
        let path = uri.path().to_owned();
        let decoded: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(unescaped).collect();
        let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return Err(Failure::no_such_path()),
        };
        let (namespace, resource, name, subresource) = match rest {
            ["namespaces", name, sub @ ("status" | "finalize")] => ("", "namespaces", *name, *sub),
            ["namespaces", namespace, resource] => (*namespace, *resource, "", ""),
            ["namespaces", namespace, resource, name] => (*namespace, *resource, *name, ""),
            ["namespaces", namespace, resource, name, sub] => (*namespace, *resource, *name, *sub),
            [resource] => ("", *resource, "", ""),
            [resource, name] => ("", *resource, *name, ""),
            [resource, name, sub] => ("", *resource, *name, *sub),
            _ => return Err(Failure::no_such_path()),
        };
        let verb = match (method.as_str(), name.is_empty()) {
            ("GET", _) if query.flag("watch") => Verb::Watch,
            ("GET", true) => Verb::List,
            ("GET", false) => Verb::Get,
            ("POST", _) => Verb::Create,
            ("PUT", false) => Verb::Update,
            ("PATCH", false) => Verb::Patch,
            ("DELETE", true) => Verb::DeleteCollection,
            ("DELETE", false) => Verb::Delete,
            _ => {
                return Err(Failure::new(
                    405,
                    "MethodNotAllowed",
                    "the server does not allow this method on the requested resource",
                ));
            }
        };
        let header =
            |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        Ok(Self {
            write: None,
            verb,
            group: group.to_owned(),
            version: version.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            user_agent: header(header::USER_AGENT),
            path,
            query,
            accept: header(header::ACCEPT),
            content_type: header(header::CONTENT_TYPE),
        })
    }

    /// What the options of this call are called.
    pub(crate) const fn options(&self) -> &'static str {
        match self.verb {
            Verb::Get => "GetOptions",
            Verb::List | Verb::Watch => "ListOptions",
            Verb::Create => "CreateOptions",
            Verb::Update => "UpdateOptions",
            Verb::Patch => "PatchOptions",
            Verb::Delete | Verb::DeleteCollection => "DeleteOptions",
        }
    }

    /// Who counts as the owner of the fields that this write changes.
    pub(crate) fn field_manager(&self) -> Result<String, Failure> {
        let named = self.query.get("fieldManager");
        if named.len() > 128 {
            return Err(Failure::options(self.options(), &FieldError::too_long("fieldManager", 128)));
        }
        if !named.is_empty() {
            return Ok(named.to_owned());
        }
        let program = self.user_agent.split('/').next().unwrap_or_default();
        Ok(if program.is_empty() { "unknown".to_owned() } else { program.chars().take(128).collect() })
    }
}
