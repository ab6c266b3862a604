#pragma once

#include <syncline/bytes.hpp>
#include <syncline/result.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace syncline::relay::auth {

/// How a key signs. Fixed for each key by configuration; a token only repeats it.
enum class Algorithm { hs256, eddsa, es256, rs256 };

/// "HS256", "EdDSA", "ES256", "RS256": the values of `alg` (RFC 7518 §3.1, RFC 8037 §3.1).
[[nodiscard]] std::string_view name_of(Algorithm algorithm);
/// The reverse, `invalid_argument` for any other text, "none" included.
[[nodiscard]] Result<Algorithm> algorithm_from(std::string_view name);

/// A key that checks signatures. Immutable and cheap to copy; copies share the material, which is
/// zeroed when the last is gone. Threads   Const calls may run in parallel.
class Key {
public:
    /// HS256. `secret` is 32 to 1,024 bytes; what looks like a PEM file is refused, since a public
    /// key in the place of a secret would let anyone sign.
    [[nodiscard]] static Result<Key> from_secret(std::string id, BytesView secret);
    /// EdDSA (Ed25519), ES256 (P-256) or RS256 (2,048 to 8,192 bits): a PEM public key of just that
    /// kind.
    [[nodiscard]] static Result<Key> from_public_pem(Algorithm algorithm, std::string id,
                                                     std::string_view pem);
    /// Either of them from a file of at most 64 KiB. A secret must be readable by its owner alone;
    /// a line end at the end of its file does not belong to it.
    [[nodiscard]] static Result<Key> from_file(Algorithm algorithm, std::string id,
                                               const std::string& path);

    [[nodiscard]] Algorithm algorithm() const;
    /// The `kid` of the tokens it signs; empty: of tokens without one.
    [[nodiscard]] const std::string& id() const;
    /// Whether `signature`, in the form of RFC 7518 §3, is this key's over `input`.
    [[nodiscard]] bool verifies(std::string_view input, BytesView signature) const;

private:
    struct Material;
    explicit Key(std::shared_ptr<const Material> material) : material_(std::move(material)) {}
    std::shared_ptr<const Material> material_;
};

/// The bytes of a file that only its owner may read: `storage_failed` when it cannot be read,
/// `forbidden` when others can read it too.
[[nodiscard]] Result<Bytes> read_secret_file(const std::string& path);

}  // namespace syncline::relay::auth
