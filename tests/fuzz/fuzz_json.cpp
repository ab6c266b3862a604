// Text as JSON: what is read must be written and read back as the same value, whose text is then
// final.
#include "syncline/document/json.hpp"

#include <cstdint>
#include <cstdlib>

using namespace syncline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto value = parse_json({reinterpret_cast<const char*>(data), size});
    if (!value) return 0;
    const std::string text = to_json(*value);
    const auto again = parse_json(text);
    if (!again || !(*again == *value) || to_json(*again) != text) std::abort();
    if (!check(*value) && size < (std::size_t{1} << 16)) std::abort();
    return 0;
}
