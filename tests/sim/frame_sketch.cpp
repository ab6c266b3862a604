#include "frame_sketch.hpp"

#include "syncline/document/change.hpp"

#include <sstream>

namespace syncline::sim {

namespace {

std::string sketch(const wire::Message& message) {
    std::ostringstream text;
    const auto head = [](const ChainHead& h) {
        return std::to_string(h.counter) + "/" + to_hex(h.hash.view()).substr(0, 4);
    };
    if (const auto* hello = std::get_if<wire::Hello>(&message)) {
        text << "hello " << to_string(hello->replica).substr(0, 4) << " nonce " << hello->nonce;
    } else if (const auto* open = std::get_if<wire::Open>(&message)) {
        text << "open cursor " << open->cursor << " epoch "
             << to_hex(open->epoch.view()).substr(0, 4);
    } else if (const auto* push = std::get_if<wire::Push>(&message)) {
        text << "push behind " << head(push->head) << ", " << push->changes.size() << " changes";
    } else if (const auto* opened = std::get_if<wire::Opened>(&message)) {
        text << "opened head " << opened->head << " from " << opened->from << " own "
             << head(opened->own) << " epoch " << to_hex(opened->epoch.view()).substr(0, 4);
    } else if (const auto* changes = std::get_if<wire::Changes>(&message)) {
        text << "changes";
        for (const auto& batch : changes->batches) {
            const auto entries = wire::decode_batch(batch.changes, wire::relay_frame_limits());
            text << ' ' << batch.first << "+" << (entries ? entries->size() : 0);
        }
    } else if (const auto* accepted = std::get_if<wire::Accepted>(&message)) {
        text << "accepted " << head(accepted->head);
    } else if (const auto* rejected = std::get_if<wire::Rejected>(&message)) {
        text << "rejected, head " << head(rejected->head);
        for (const auto& r : rejected->refusals) {
            text << ", " << r.counter << ' ' << name_of(r.code);
        }
    } else if (const auto* failure = std::get_if<wire::Failure>(&message)) {
        text << "failure " << name_of(failure->code) << " (" << failure->message << ") head "
             << head(failure->head);
    } else if (std::holds_alternative<wire::Welcome>(message)) {
        text << "welcome";
    } else {
        text << "message " << message.index();
    }
    return text.str();
}

}  // namespace

std::string sketch(BytesView frame) {
    const auto message = wire::decode(frame, wire::relay_frame_limits());
    return message ? sketch(*message) : "undecodable frame";
}

}  // namespace syncline::sim
