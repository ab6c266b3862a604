#include "tape.hpp"

#include "moments.hpp"
#include "support/author.hpp"
#include "syncline/document/change.hpp"

namespace syncline::load {

namespace {

/// A client's binary frame. The mask is zero, which is one of those allowed, so the payload stands
/// as it is.
void append_frame(std::string& out, BytesView payload) {
    out.push_back('\x82');
    if (payload.size() < 126) {
        out.push_back(static_cast<char>(0x80 | payload.size()));
    } else {
        const int width = payload.size() <= 0xffff ? 2 : 8;
        out.push_back(static_cast<char>(0x80 | (width == 2 ? 126 : 127)));
        for (int i = width - 1; i >= 0; --i)
            out.push_back(static_cast<char>(std::uint64_t{payload.size()} >> (8 * i)));
    }
    out.append(4, '\0');
    out.append(as_text(payload));
}

}  // namespace

std::string frame_of(const wire::Message& message) {
    std::string out;
    append_frame(out, wire::encode(message));
    return out;
}

Tape make_tape(const ReplicaId& replica, const std::string& space, std::size_t frames,
               std::size_t changes_per_frame) {
    test::Author author{replica, {}, {}};
    const std::size_t empty = author.write(wall_ms(), "").bytes.size();
    author = {replica, {}, {}};
    const std::string text(change_bytes - empty - 1, 'x');
    Tape tape;
    tape.changes_per_frame = changes_per_frame;
    ChainHead head;
    for (std::size_t f = 0; f < frames; ++f) {
        wire::Push push{space, head, {}};
        for (std::size_t c = 0; c < changes_per_frame; ++c) {
            auto& made = author.write(wall_ms(), text);
            push.changes.push_back(made.bytes);
            head = made.head;
            // Only the end of the chain is needed.
            if (author.made.size() > 1) author.made.erase(author.made.begin());
        }
        tape.frames.push_back(frame_of(push));
    }
    return tape;
}

}  // namespace syncline::load
