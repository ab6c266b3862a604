#pragma once

#include "app/config.hpp"
#include <syncline/sync/relay_session.hpp>

#include <memory>
#include <vector>

namespace syncline::relay {

/// The keys that `files` name. `invalid_argument` or the file's own error; the message says which.
[[nodiscard]] Result<auth::Verifier> load_keys(const std::vector<KeyFile>& files,
                                               const auth::Requirements& requirements);

/// Checks tokens with keys that can be exchanged while connections live; those are judged by the
/// keys of their time, until their tokens expire. Without keys everybody is one and the same
/// subject, "anonymous", with every right. Threads: one.
class TokenCheck {
public:
    /// Everybody may do everything.
    TokenCheck() = default;
    explicit TokenCheck(auth::Verifier verifier, std::int64_t leeway_s)
        : verifier_(std::make_shared<const auth::Verifier>(std::move(verifier))),
          leeway_s_(leeway_s) {}

    void replace(auth::Verifier verifier) {
        verifier_ = std::make_shared<const auth::Verifier>(std::move(verifier));
    }
    [[nodiscard]] Result<Grant> check(const std::string& token, std::uint64_t now_ms) const;

private:
    std::shared_ptr<const auth::Verifier> verifier_;  ///< none: no token is asked for
    std::int64_t leeway_s_ = 0;
};

}  // namespace syncline::relay
