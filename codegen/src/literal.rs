//! Literals in the Rust code that bindgen and windows-bindgen write.

/// The value of an integer literal, which may be negative. `None` for any other expression.
pub(crate) fn integer(expression: &syn::Expr) -> Option<i128> {
    match expression {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Int(number),
            ..
        }) => number.base10_parse().ok(),
        syn::Expr::Unary(syn::ExprUnary {
            op: syn::UnOp::Neg(_),
            expr,
            ..
        }) => Some(-integer(expr)?),
        _ => None,
    }
}
