/** Username of a login whose password is an identity token: https://distribution.github.io/distribution/spec/auth/oauth/ */
export const identityTokenUser = '<token>'
