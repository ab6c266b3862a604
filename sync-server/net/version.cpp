#include "net/version.hpp"

#include <libwebsockets.h>

namespace syncline::relay::net {

std::string transport_version() {
    // "4.1.6-unknown-v4.1.6…": the part that is a version.
    const std::string text = lws_get_library_version();
    return text.substr(0, text.find_first_of("- "));
}

}  // namespace syncline::relay::net
