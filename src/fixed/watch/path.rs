//! Names with namespaces: `net/routes` is `routes` in `net`.

/// The namespace of a name, which is empty if it has none, and the rest of it. (No two names have both alike: a `/` at the beginning belongs
/// to what is behind it.)
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').filter(|(namespace, _)| !namespace.is_empty()).unwrap_or(("", path))
}

/// Whether a namespace is this one, or inside it. All are inside `""`.
pub(crate) fn is_in(namespace: &str, outer: &str) -> bool {
    let rest = namespace.strip_prefix(outer);
    outer.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
