#include "auth/sign.hpp"

#include "auth/base64url.hpp"
#include "auth/openssl_ptr.hpp"

#include <nlohmann/json.hpp>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <array>

namespace syncline::relay::auth {
namespace {

std::string signing_input(Algorithm algorithm, std::string_view key_id, std::string_view claims) {
    nlohmann::json header = {{"alg", name_of(algorithm)}, {"typ", "JWT"}};
    if (!key_id.empty()) header["kid"] = key_id;
    // Bytes that are no UTF-8 are replaced rather than thrown at; such an id then matches no key.
    const std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return to_base64url(as_bytes(text)) + '.' + to_base64url(as_bytes(claims));
}

template <std::size_t N>
std::string with_signature(std::string input, const std::array<unsigned char, N>& signature) {
    return std::move(input) + '.' +
           to_base64url({reinterpret_cast<const std::byte*>(signature.data()), signature.size()});
}

}  // namespace

std::string claims_of(const Grant& grant, const Requirements& requirements, std::int64_t issued_s) {
    nlohmann::json claims = {{"sub", grant.subject}, {"exp", grant.expires_s}};
    if (!grant.tenant.empty()) claims["tenant"] = grant.tenant;
    auto& spaces = claims["spaces"] = nlohmann::json::object();
    for (const auto& [name, access] : grant.spaces) {
        spaces[name] = access == Access::read_write ? "rw" : access == Access::read ? "r" : "none";
    }
    if (issued_s > 0) claims["iat"] = issued_s;
    if (!requirements.issuer.empty()) claims["iss"] = requirements.issuer;
    if (!requirements.audience.empty()) claims["aud"] = requirements.audience;
    return claims.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<std::string> sign_hs256(std::string_view claims, BytesView secret, std::string_view key_id) {
    if (auto key = Key::from_secret("", secret); !key) return tl::unexpected<Error>(key.error());
    std::string input = signing_input(Algorithm::hs256, key_id, claims);
    std::array<unsigned char, 32> signature{};
    unsigned signature_bytes = 0;
    if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes_of(input),
             input.size(), signature.data(), &signature_bytes) == nullptr) {
        return fail(ErrorCode::invalid_argument, "OpenSSL does not sign");
    }
    return with_signature(std::move(input), signature);
}

Result<std::string> sign_eddsa(std::string_view claims, std::string_view private_pem,
                               std::string_view key_id) {
    // Without a callback that says no, OpenSSL would ask the terminal for a password.
    const auto no_password = [](char*, int, int, void*) { return -1; };
    const OpensslPtr<EVP_PKEY> key(
        PEM_read_bio_PrivateKey(bio_over(private_pem).get(), nullptr, no_password, nullptr));
    ERR_clear_error();
    if (!key || EVP_PKEY_is_a(key.get(), "ED25519") != 1) {
        return fail(ErrorCode::invalid_argument, "no PEM Ed25519 private key found");
    }
    std::string input = signing_input(Algorithm::eddsa, key_id, claims);
    std::array<unsigned char, 64> signature{};
    std::size_t signature_bytes = signature.size();
    const OpensslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
    if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &signature_bytes, bytes_of(input),
                       input.size()) != 1) {
        ERR_clear_error();
        return fail(ErrorCode::invalid_argument, "OpenSSL does not sign");
    }
    return with_signature(std::move(input), signature);
}

}  // namespace syncline::relay::auth
