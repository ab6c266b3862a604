#include "app/gatekeeper.hpp"

#include <syncline/document/document.hpp>

#include <fstream>
#include <iterator>

namespace syncline::relay {
namespace {

/// A key whose algorithm nobody named: a PEM public key says itself which it is, all else is a
/// secret.
Result<auth::Key> key_of_any_kind(const KeyFile& file) {
    std::ifstream in(file.path, std::ios::binary);
    std::string content(4096, '\0');
    in.read(content.data(), static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(in.gcount()));
    if (content.find("-----BEGIN") == std::string::npos)
        return auth::Key::from_file(auth::Algorithm::hs256, file.id, file.path);
    for (const auto algorithm :
         {auth::Algorithm::eddsa, auth::Algorithm::es256, auth::Algorithm::rs256}) {
        auto key = auth::Key::from_file(algorithm, file.id, file.path);
        if (key) return key;
    }
    return fail(ErrorCode::invalid_argument,
                "no public key of Ed25519, P-256 or RSA (2,048 bits or more) in PEM");
}

}  // namespace

Result<auth::Verifier> load_keys(const std::vector<KeyFile>& files,
                                 const auth::Requirements& requirements) {
    std::vector<auth::Key> keys;
    for (const KeyFile& file : files) {
        const auto algorithm = auth::algorithm_from(file.algorithm);
        auto key = algorithm ? auth::Key::from_file(*algorithm, file.id, file.path)
                             : key_of_any_kind(file);
        if (!key) {
            return fail(key.error().code, "--key \"" + file.path + "\": " + key.error().message);
        }
        keys.push_back(std::move(*key));
    }
    return auth::Verifier::from_keys(std::move(keys), requirements);
}

Result<Grant> TokenCheck::check(const std::string& token, std::uint64_t now_ms) const {
    Grant grant;
    if (verifier_ == nullptr) {
        grant.subject = "anonymous";
        grant.access = [](const std::string& space) {
            return is_space_name(space) ? Access::write : Access::none;
        };
        return grant;
    }
    auto verified = verifier_->verify(token, static_cast<std::int64_t>(now_ms / 1000));
    if (!verified) return tl::unexpected(verified.error());
    grant.subject = verified->subject;
    grant.tenant = verified->tenant;
    // The same leeway that let the token in, or a connection would end as it begins.
    grant.expires_ms = static_cast<std::uint64_t>(verified->expires_s + leeway_s_) * 1000;
    grant.access = [rights = std::move(*verified)](const std::string& space) {
        if (!is_space_name(space)) return Access::none;
        switch (rights.access_to(space)) {
            case auth::Access::read_write: return Access::write;
            case auth::Access::read: return Access::read;
            default: return Access::none;
        }
    };
    return grant;
}

}  // namespace syncline::relay
