//! How the program is linked.

fn main() {
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    println!("cargo:rerun-if-changed=frames.x");
    println!("cargo:rustc-link-search={here}");
    println!("cargo:rustc-link-arg-bins=-Tframes.x");
    // The numbers of the format strings are their addresses, which are to be what the linker says also when the program runs.
    println!("cargo:rustc-link-arg-bins=-no-pie");
}
