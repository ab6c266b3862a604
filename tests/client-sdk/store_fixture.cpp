#include "store_fixture.hpp"

#include <algorithm>
#include <stdexcept>

namespace syncline::test {

namespace {

constexpr std::size_t documents = 4;
const Path marks_path{{"marks", Type::g_set}};
const Path count_path{{"count", Type::pn_counter}};
const Path title_path{{"title", Type::lww_register}};
const Path text_path{{"text", Type::text}};
const Path list_path{{"list", Type::list}};

DocumentKey note(std::size_t number) { return {"notes", "n" + std::to_string(number)}; }

}  // namespace

// ---- The relay's disk

Result<> RelayDisk::begin() {
    before_ = image;
    return {};
}
Result<> RelayDisk::commit() {
    if (full) {
        rollback();
        return fail(ErrorCode::storage_full, "no space left");
    }
    before_.reset();
    return {};
}
void RelayDisk::rollback() {
    if (!before_) return;
    image = std::move(*before_);
    before_.reset();
}
Result<std::optional<Registration>> RelayDisk::registration(const std::string&,
                                                            const ReplicaId& replica) {
    const auto found = image.registrations.find(replica);
    if (found == image.registrations.end()) return std::optional<Registration>();
    return std::optional<Registration>(found->second);
}
Result<> RelayDisk::put_registration(const std::string&, const ReplicaId& replica,
                                     const Registration& registration) {
    image.registrations[replica] = registration;
    return {};
}
Result<std::optional<SpaceRecord>> RelayDisk::find_space(const std::string&,
                                                         const std::string& name) {
    const auto found = image.names.find(name);
    if (found == image.names.end()) return std::optional<SpaceRecord>();
    return std::optional<SpaceRecord>(image.spaces.at(found->second).record);
}
Result<SpaceRecord> RelayDisk::create_space(const std::string&, const std::string& name,
                                            const EpochId& epoch) {
    const std::uint64_t id = image.spaces.size() + 1;
    image.names[name] = id;
    SpaceRecord& record = image.spaces[id].record;
    record.id = id;
    record.epoch = epoch;
    return record;
}
Result<> RelayDisk::put_space(const SpaceRecord& record) {
    image.spaces.at(record.id).record = record;
    return {};
}
Result<std::vector<ReplicaHead>> RelayDisk::heads(std::uint64_t space) {
    std::vector<ReplicaHead> all;
    for (const auto& [replica, head] : image.spaces.at(space).heads) all.push_back(head);
    return all;
}
Result<> RelayDisk::put_heads(std::uint64_t space, const std::vector<ReplicaHead>& heads) {
    for (const ReplicaHead& head : heads) image.spaces.at(space).heads[head.replica] = head;
    return {};
}
Result<> RelayDisk::append(std::uint64_t space, const LogRow& row) {
    image.spaces.at(space).rows.push_back(row);
    return {};
}
Result<std::vector<LogRow>> RelayDisk::read(std::uint64_t space, std::uint64_t after,
                                            std::size_t bytes_max) {
    std::vector<LogRow> found;
    std::size_t bytes = 0;
    for (const LogRow& row : image.spaces.at(space).rows) {
        if (row.last() <= after) continue;
        if (bytes > bytes_max) break;
        bytes += row.changes.size();
        found.push_back(row);
    }
    return found;
}
Result<std::optional<std::uint64_t>> RelayDisk::salt_at(std::uint64_t space, std::uint64_t last) {
    for (const LogRow& row : image.spaces.at(space).rows) {
        if (row.last() == last) return std::optional<std::uint64_t>(row.salt);
    }
    return std::optional<std::uint64_t>();
}

// ---- The world

World::World(std::uint64_t seed) : random(seed) { restart_relay(); }
World::~World() = default;

RandomSource World::source() {
    return [this](std::byte* into, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) into[i] = static_cast<std::byte>(random() & 0xFF);
    };
}

ReplicaId World::new_replica_id() {
    ReplicaId id;
    source()(id.bytes.data(), id.bytes.size());
    return id;
}

void World::restart_relay() {
    requests_.clear();
    std::vector<Device*> devices;
    for (auto& [connection, link] : links_) devices.push_back(link.device);
    links_.clear();
    disk.rollback();
    engine_ = std::make_unique<RelayEngine>(disk, source(), RelayEngine::Options{});
    const Gatekeeper gatekeeper = [this](const std::string& token, std::uint64_t) -> Result<Grant> {
        if (refusal) return tl::unexpected(*refusal);
        Grant grant;
        grant.subject = "somebody";
        const auto expires = expires_ms.find(token);
        if (expires != expires_ms.end()) grant.expires_ms = expires->second;
        grant.access = [this, token](const std::string&) {
            const auto found = access_by_token.find(token);
            return found == access_by_token.end() ? access : found->second;
        };
        return grant;
    };
    hub_ = std::make_unique<RelayHub>(*this, gatekeeper, RelaySession::Limits{});
    for (Device* device : devices) device->lost();
}

void World::restore_relay(RelayDisk::Image older) {
    disk.rollback();
    disk.image = std::move(older);
    restart_relay();
    prefixes_.clear();
    folded_.clear();
    folded_digest_ = {};
    folded_vector_ = {};
    folded_to_ = 0;
}

ConnectionId World::connect(Device& device) {
    const ConnectionId connection = ++last_connection_;
    links_[connection].device = &device;
    hub_->connected(connection);
    return connection;
}

void World::hang_up(ConnectionId connection) {
    if (links_.erase(connection) != 0) hub_->disconnected(connection);
}

void World::send(ConnectionId to, std::shared_ptr<const Bytes> frame) {
    const auto link = links_.find(to);
    if (link != links_.end()) link->second.to_device.push_back(std::move(frame));
}

void World::send(const std::vector<ConnectionId>& to, std::shared_ptr<const Bytes> frame) {
    for (const ConnectionId connection : to) send(connection, frame);
}

std::size_t World::queued_bytes(ConnectionId connection) {
    std::size_t bytes = 0;
    const auto link = links_.find(connection);
    if (link == links_.end()) return 0;
    for (const auto& frame : link->second.to_device) bytes += frame->size();
    return bytes;
}

void World::close(ConnectionId connection, std::uint16_t, const std::string&) {
    const auto link = links_.find(connection);
    if (link != links_.end()) link->second.closing = true;
}

void World::process() {
    auto replies = engine_->process(std::exchange(requests_, {}), now_ms);
    if (!replies)
        throw std::runtime_error("the relay's storage failed: " + replies.error().message);
    hub_->deliver(*replies, now_ms);
}

/// What leaves a device has one content for ever. (A copy of its file may send another under the
/// same name, when the relay never stored what the first one sent.)
void World::watch(const Device& device, BytesView frame) {
    const auto message = wire::decode(frame, wire::Limits{});
    const auto* push = message ? std::get_if<wire::Push>(&*message) : nullptr;
    if (push == nullptr) return;
    const ReplicaId& replica = device.store_->replica();
    Hash hash = push->head.hash;
    for (const Bytes& bytes : push->changes) {
        const auto change = wire::decode_change(bytes, replica, wire::Limits{});
        const auto link = wire::chain(hash, replica, bytes, wire::Limits{});
        if (!change || !link) {
            dot_reused = "a device pushed what does not decode";
            return;
        }
        hash = *link;
        const auto known =
            left_.emplace(std::make_tuple(device.name_, replica, change->first), hash);
        if (!(known.first->second == hash)) {
            dot_reused = to_string(replica) + ":" + std::to_string(change->first);
        }
    }
}

/// Answers a push that begins with the refused change, in the relay's place.
bool World::refuse(Link& link, BytesView frame) {
    if (refused_mark.empty()) return false;
    const auto message = wire::decode(frame, wire::Limits{});
    const auto* push = message ? std::get_if<wire::Push>(&*message) : nullptr;
    if (push == nullptr) return false;
    const auto change =
        wire::decode_change(push->changes.front(), link.device->store().replica(), wire::Limits{});
    if (!change) return false;
    bool found = false;
    for_each_op(*change, [&](const Section&, const FieldOp& op, const Event&) {
        found = found || op.op.value == Value(refused_mark);
    });
    if (!found) return false;
    const wire::Rejected answer{
        push->space, push->head, {{change->first, ErrorCode::forbidden, "not here"}}};
    link.to_device.push_back(std::make_shared<const Bytes>(wire::encode(answer)));
    return true;
}

bool World::step() {
    std::vector<std::pair<int, ConnectionId>> choices;
    if (!requests_.empty()) choices.emplace_back(0, 0);
    for (const auto& [connection, link] : links_) {
        if (!link.to_relay.empty()) choices.emplace_back(1, connection);
        if (!link.to_device.empty() || link.closing) choices.emplace_back(2, connection);
    }
    if (choices.empty()) return false;
    ++now_ms;
    const auto [kind, connection] = choices[random.below(choices.size())];
    if (kind == 0) {
        process();
        return true;
    }
    Link& link = links_.at(connection);
    if (kind == 1) {
        const Bytes frame = std::move(link.to_relay.front());
        link.to_relay.pop_front();
        if (!refuse(link, frame)) hub_->received(connection, frame, now_ms);
        return true;
    }
    Device& device = *link.device;
    if (link.to_device.empty()) {
        hang_up(connection);
        device.lost();
        return true;
    }
    const auto frame = link.to_device.front();
    link.to_device.pop_front();
    if (link.to_device.empty() && !link.closing) hub_->drained(connection);
    device.received(*frame);
    return true;
}

void World::steps(std::size_t count) {
    while (count > 0 && step()) --count;
}

void World::run() {
    for (std::size_t i = 0; step(); ++i) {
        if (i > 1'000'000) throw std::runtime_error("the wires do not come to rest");
    }
}

void World::pass(std::uint64_t ms) {
    constexpr std::uint64_t tick_ms = 100;
    for (const std::uint64_t until = now_ms + ms; now_ms < until;) {
        now_ms += tick_ms;
        hub_->tick(now_ms);
        hub_->tell_presence(now_ms);
        std::vector<Device*> devices;
        for (auto& [connection, link] : links_) devices.push_back(link.device);
        for (Device* device : devices) device->tick();
        run();
    }
}

bool World::sync(Device& device) {
    for (int attempt = 0; attempt < 8; ++attempt) {
        if (!device.connected()) {
            device.reconnect = false;
            device.connect();
        }
        run();
        if (device.connected()) {
            if (device.in_sync) return true;
            now_ms += 6'000;  // a space may wait to try again
            device.tick();
            run();
            if (device.in_sync) return true;
        }
        const bool again = device.reconnect || (device.ended && device.ended->retryable);
        if (!device.is_open() || (!device.connected() && !again)) return false;
    }
    return device.in_sync;
}

const SpaceRecord* World::record() const {
    const auto found = disk.image.names.find(team);
    return found == disk.image.names.end() ? nullptr : &disk.image.spaces.at(found->second).record;
}

std::uint64_t World::log_head() const {
    const auto found = disk.image.names.find(team);
    return found == disk.image.names.end() ? 0 : disk.image.spaces.at(found->second).head();
}

const World::Prefix* World::prefix(std::uint64_t cursor) {
    const auto known = prefixes_.find(cursor);
    if (known != prefixes_.end()) return &known->second;
    if (folded_to_ == 0) prefixes_[0] = {};
    if (record() == nullptr) return cursor == 0 ? &prefixes_.at(0) : nullptr;
    for (const LogRow& row : disk.image.spaces.at(record()->id).rows) {
        if (row.first <= folded_to_) continue;
        const auto entries = wire::decode_batch(row.changes, wire::relay_frame_limits()).value();
        for (const wire::BatchEntry& entry : entries) {
            const Change change =
                wire::decode_change(entry.change, entry.replica, wire::Limits{}).value();
            std::set<DocumentKey> touched;
            for (const Section& section : change.sections) touched.insert(section.document);
            for (const DocumentKey& key : touched) {
                folded_digest_.remove(key, wire::encode_document(folded_[key]));
            }
            for_each_op(change, [&](const Section& section, const FieldOp& op, const Event& at) {
                folded_[section.document].apply(op, at, &folded_vector_);
            });
            for (const DocumentKey& key : touched) {
                folded_digest_.add(key, wire::encode_document(folded_[key]));
            }
            folded_vector_.raise(change.replica, change.last());
        }
        folded_to_ = row.last();
        prefixes_[folded_to_] = {folded_digest_.value(), folded_vector_, row.salt};
    }
    const auto found = prefixes_.find(cursor);
    return found == prefixes_.end() ? nullptr : &found->second;
}

// ---- A device

Device::Device(World& world, PowerLossVfs& vfs, std::string name)
    : world_(world), vfs_(vfs), name_(std::move(name)) {}
Device::~Device() { close(); }

std::uint64_t Device::clock() const {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(world_.now_ms) + clock_wrong_by_ms);
}

Result<> Device::open() {
    client::StoreCore::Options options;
    options.path = "/" + name_;
    options.vfs = vfs_.name();
    options.synchronous = synchronous;
    options.now_ms = [this] { return clock(); };
    options.random = world_.source();
    options.new_replica_id = [this] { return world_.new_replica_id(); };
    auto opened = client::StoreCore::open(std::move(options));
    if (!opened) return tl::unexpected(opened.error());
    (*opened)->database().set_checkpoint_pages(checkpoint_pages);
    auto space = (*opened)->space(space_name);
    if (!space) return tl::unexpected(space.error());
    store_ = std::move(*opened);
    space_ = *space;
    return {};
}

void Device::close() {
    disconnect();
    space_ = nullptr;
    store_.reset();
    claims_ = 0;
}

void Device::copy_file_of(const Device& other) {
    for (const char* end : {"", "-wal"}) {
        const Bytes bytes = vfs_.contents("/" + other.name_ + end);
        if (!bytes.empty()) vfs_.put("/" + name_ + end, bytes);
    }
    marks_made_ = 0;
}

void Device::connect() {
    in_sync = false;
    reconnect = false;
    ended.reset();
    const auto nonce = store_->next_nonce();
    if (!nonce) {
        ended = ClientEffects::Ending{nonce.error(), true, 0};
        return;
    }
    ClientSession::Options options;
    options.replica = store_->replica();
    options.nonce = *nonce;
    options.leaving = claims_ > 0;
    options.push_bytes = push_bytes;
    options.pushes_max = 2;
    options.presence = presence;
    options.token = token;
    session_ = std::make_unique<ClientSession>(std::move(options));
    connection_ = world_.connect(*this);
    ClientEffects effects = session_->connected(clock());
    (void)session_->add(*space_, clock());
    carry_out(std::move(effects));
}

void Device::disconnect() {
    if (session_ == nullptr) return;
    session_.reset();
    in_sync = false;
    if (presence != nullptr) (void)presence->disconnected();
    world_.hang_up(connection_);
}

void Device::lost() {
    session_.reset();
    if (presence != nullptr) (void)presence->disconnected();
    in_sync = false;
}

void Device::received(BytesView frame) {
    if (session_ != nullptr) carry_out(session_->received(frame, clock()));
}

void Device::tick() {
    if (session_ != nullptr) carry_out(session_->tick(clock()));
}

void Device::carry_out(ClientEffects effects) {
    for (Bytes& frame : effects.send) {
        world_.watch(*this, frame);
        const auto link = world_.links_.find(connection_);
        if (link != world_.links_.end()) link->second.to_relay.push_back(std::move(frame));
    }
    for (ClientEvent& event : effects.events) {
        if (auto* welcomed = std::get_if<client_event::Welcomed>(&event)) {
            (void)store_->set_clock_offset_ms(welcomed->offset_ms);
        } else if (auto* refused = std::get_if<client_event::Rejected>(&event)) {
            for (RejectedChange& change : refused->changes) rejected.push_back(std::move(change));
        } else if (std::get_if<client_event::InSync>(&event) != nullptr) {
            in_sync = true;
        } else if (std::get_if<client_event::Accepted>(&event) != nullptr) {
            ++accepted;
        } else if (auto* failed = std::get_if<client_event::SpaceFailed>(&event)) {
            space_failed = failed->error;
        } else if (std::get_if<client_event::PresenceChanged>(&event) != nullptr) {
            ++presence_told;
        }
    }
    if (effects.identity != ClientEffects::Identity::keep) {
        claims_ = effects.identity == ClientEffects::Identity::claim ? claims_ + 1 : 0;
        auto changed = claims_ > 0 ? store_->claim_identity(claims_) : store_->take_new_identity();
        if (!changed) {
            effects.close = ClientEffects::Ending{changed.error(), true, 0};
        } else {
            if (claims_ == 0) ++identities_taken;
            reconnect = true;
        }
    }
    if (effects.close) {
        ended = effects.close;
        disconnect();
    }
}

Result<> Device::transact(const std::function<Result<>(SpaceReplica::Editor&)>& edit) {
    auto done = space_->transact(store_->now_ms(), {}, edit);
    if (!done) return tl::unexpected(done.error());
    if (session_ != nullptr && done->first != 0) {
        in_sync = false;
        carry_out(session_->changed(space_name, clock()));
    }
    return {};
}

Result<> Device::write_mark() {
    ++world_.now_ms;
    const std::string mark = name_ + "-" + std::to_string(++marks_made_);
    const DocumentKey key = note(world_.random.below(documents));
    auto done = transact([&](SpaceReplica::Editor& editor) -> Result<> {
        auto read = editor.read(key);
        if (!read) return tl::unexpected(read.error());
        const OrMap& root = (*read)->root();
        for (FieldOp op :
             {FieldOp{marks_path, root.at<GSet>(marks_path).insert(Value(mark))},
              FieldOp{count_path, PnCounter().add(1)},
              FieldOp{title_path, root.at<LwwRegister>(title_path).set(Value(mark))}}) {
            if (auto edited = editor.edit(key, std::move(op)); !edited) return edited;
        }
        // Into the text, in front of any of its marks or behind them all, in two pieces. (What
        // at() gives is another object once the field is there.)
        const auto text = [&]() -> const Text& { return root.at<Text>(text_path); };
        const auto list = [&]() -> const List& { return root.at<List>(list_path); };
        const std::string all = text().str();
        std::vector<std::uint32_t> ends{0};
        for (std::uint32_t i = 0; i < all.size(); ++i) {
            if (all[i] == ';') ends.push_back(i + 1);
        }
        const std::uint32_t at = ends[world_.random.below(ends.size())];
        const auto end = at + static_cast<std::uint32_t>(mark.size());
        if (auto edited = editor.edit(key, {text_path, *text().insert(at, mark)}); !edited)
            return edited;
        if (auto edited = editor.edit(key, {text_path, *text().insert(end, ";")}); !edited)
            return edited;
        // And into the list, of which another element may move.
        const auto index = static_cast<std::uint32_t>(world_.random.below(list().size() + 1));
        const std::vector<Value> marks{Value(mark)};
        if (auto edited = editor.edit(key, {list_path, *list().insert(index, marks)}); !edited)
            return edited;
        if (!moves || !world_.random.one_in(3)) return {};
        const auto from = static_cast<std::uint32_t>(world_.random.below(list().size()));
        return editor.edit(key, {list_path, *list().move(from, index)});
    });
    if (!done) return done;
    own_marks.insert(mark);
    world_.promised[mark] = key;
    return {};
}

std::set<std::string> Device::marks() {
    std::set<std::string> found;
    for (std::size_t i = 0; i < documents; ++i) {
        const Document* document = space().document(note(i)).value();
        const Value shown = view(document->root());
        const Value* elements = shown.find("marks");
        if (elements == nullptr) continue;
        for (const Value& element : *elements->array()) found.insert(*element.text());
    }
    return found;
}

bool Device::has_mark(const std::string& mark) { return marks().count(mark) != 0; }

std::int64_t Device::count() {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < documents; ++i) {
        const Value shown = view(space().document(note(i)).value()->root());
        const Value* counted = shown.find("count");
        if (counted != nullptr && counted->integer() != nullptr) sum += *counted->integer();
    }
    return sum;
}

std::string Device::out_of_order() {
    for (std::size_t i = 0; i < documents; ++i) {
        const OrMap& root = space().document(note(i)).value()->root();
        std::map<std::string, int> in_set, in_text, in_list;
        for (const auto& [element, dots] : root.at<GSet>(marks_path).elements().elements())
            in_set[*element.text()] = 1;
        std::string mark;
        for (const char byte : root.at<Text>(text_path).str()) {
            if (byte != ';') {
                mark += byte;
            } else {
                ++in_text[std::exchange(mark, {})];
            }
        }
        root.at<List>(list_path).for_each([&](const Dot&, const Value* value, const OrMap* inside) {
            ++in_list[*(value != nullptr ? *value : view_element(*inside)).text()];
        });
        if (!mark.empty()) return "a mark in a text has no end: " + mark;
        const auto told = [&](const std::map<std::string, int>& found) {
            std::string all;
            for (const auto& [one, times] : in_set) {
                const auto at = found.find(one);
                if (at == found.end()) all += " lacks " + one;
                if (at != found.end() && at->second != times) all += " repeats " + one;
            }
            for (const auto& [one, times] : found) {
                if (in_set.count(one) == 0) all += " has also " + one;
            }
            return all;
        };
        if (in_text != in_set) return "the text of n" + std::to_string(i) + told(in_text);
        if (in_list != in_set) return "the list of n" + std::to_string(i) + told(in_list);
    }
    return {};
}

std::string Device::inconsistency() {
    if (auto sound = store_->database().quick_check(); !sound) return sound.error().message;
    const SpaceState& state = space().state();
    const std::set<std::string> seen = marks();
    for (const std::string& mark : own_marks) {
        if (seen.count(mark) == 0) return "mark " + mark + " is lost";
    }
    const SpaceRecord* record = world_.record();
    if (record == nullptr || !(record->epoch == state.epoch)) return {};
    const World::Prefix* prefix = world_.prefix(state.cursor);
    if (prefix == nullptr || (state.cursor != 0 && prefix->salt != state.salt)) return {};
    if (!(prefix->digest == digest())) return "the rows are not the log up to the cursor";
    if (!(prefix->vector == space().open_message().vector)) return "the vector is not V(cursor)";
    return {};
}

}  // namespace syncline::test
