// Bytes as one value: what decodes must encode to the same bytes, and pass the local check.
#include "syncline/document/value.hpp"

#include <cstdint>
#include <cstdlib>

using namespace syncline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView input(reinterpret_cast<const std::byte*>(data), size);
    wire::Reader in(input, wire::Limits{});
    const auto value = in.finish(wire::read_value(in));
    if (!value) return 0;
    wire::Writer out;
    wire::write_value(out, *value);
    if (out.take() != Bytes(input.begin(), input.end())) std::abort();
    if (!check(*value)) std::abort();
    if (!(*value == *value) || *value < *value) std::abort();
    wire::Reader skipping(input, wire::Limits{});
    skipping.skip();
    if (!skipping.finish(0)) std::abort();
    return 0;
}
