#pragma once

#include <cstddef>
#include <cstdint>

namespace syncline::wire {

/// What a decoder accepts from outside, each number with its reason. Every one is enforced before
/// memory is spent on what it bounds.
struct Limits {
    /// One message or change. A change is one transaction; larger ones belong into several.
    std::size_t bytes_max = std::size_t{1} << 20;
    /// MessagePack values in one decode. A decoded value costs 16 bytes here, so memory stays below
    /// four times a full-sized message.
    std::size_t values_max = std::size_t{1} << 18;
    /// Containers inside containers: a change needs 6 of its own around a value's 16.
    std::uint32_t depth_max = 24;
    /// Ops in one packed change; dots and paths in proportion.
    std::size_t ops_max = 65'536;
};

/// A client's message: the largest change, and what is around it.
[[nodiscard]] inline constexpr Limits client_frame_limits() {
    Limits limits;
    limits.bytes_max += 4'096;
    return limits;
}
/// A relay's frame carries whole stored batches, whose size the relay chooses.
[[nodiscard]] inline constexpr Limits relay_frame_limits() {
    return {std::size_t{16} << 20, std::size_t{1} << 22, 24, 65'536};
}
/// A document's state: a device reads only files it wrote, and documents are bounded by bytes only.
[[nodiscard]] inline constexpr Limits state_limits() {
    return {std::size_t{256} << 20, std::size_t{1} << 26, 64, std::size_t{1} << 24};
}

/// What a device puts into one change. The rest up to bytes_max is room for it to grow when it is
/// authored again under another replica id and its references have to be spelled out.
inline constexpr std::size_t authored_bytes_max = (std::size_t{1} << 20) - (std::size_t{64} << 10);
inline constexpr std::size_t ops_max = 65'536;  ///< ops in one change
/// Dots that one change takes: a text of the size of a change takes one for each character.
inline constexpr std::size_t dots_max = std::size_t{1} << 20;
/// Dots that one change may name. They cost nothing as runs, but a set of 2^53 dots is nobody's
/// past.
inline constexpr std::size_t removes_max = std::size_t{1} << 24;
/// What the paths of a change's ops may take once spelled out for each op (their keys, and 48 bytes
/// a step): a change names each step once, so 65,536 ops below one deep path of long keys would
/// grow a thousandfold. 512 bytes for each of the most ops.
inline constexpr std::size_t paths_max = std::size_t{32} << 20;
inline constexpr std::size_t name_bytes_max = 128;      ///< space, collection, tenant, document id
inline constexpr std::size_t key_bytes_max = 1'024;     ///< a field's key
inline constexpr std::size_t path_max = 16;             ///< fields inside fields
inline constexpr std::size_t value_depth_max = 16;      ///< arrays and maps inside one value
inline constexpr std::size_t message_text_max = 1'024;  ///< a change's message, an error's reason
inline constexpr std::size_t token_bytes_max = 4'096;

}  // namespace syncline::wire
