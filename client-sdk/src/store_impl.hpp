#pragma once

#include "connector.hpp"
#include "store_core.hpp"
#include "syncline/client/store.hpp"
#include "system.hpp"
#include "undo_watcher.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace syncline::client {

/// One app observer.
struct Observer {
    std::string space;
    std::string collection;
    std::function<void(const SpaceChanges&)> changed;
    std::function<void(const std::vector<RejectedChange>&)> rejected;
    std::function<void(const std::vector<Presence>&)> presence = {};
    std::function<void(const SyncStatus&)> status = {};
    SyncStatus told = {};  ///< what `status` was called with last, or was so when it began
};

/// True while it lives, false after it, also when what an app gave us throws: one thread tells at a
/// time. The lock is held when it begins, and again when it has ended.
class WhileTelling {
public:
    WhileTelling(std::unique_lock<std::mutex>& guard, bool& telling)
        : guard_(guard), telling_(telling) {
        telling_ = true;
    }
    ~WhileTelling() {
        if (!guard_.owns_lock()) guard_.lock();
        telling_ = false;
    }
    WhileTelling(const WhileTelling&) = delete;
    WhileTelling& operator=(const WhileTelling&) = delete;

private:
    std::unique_lock<std::mutex>& guard_;
    bool& telling_;
};

/// What observers are to be told, gathered under the lock and told without it.
struct News {
    std::string space;
    std::vector<DocumentChange> changes;
    std::vector<RejectedChange> rejected;
};

class StoreImpl final : public ConnectorOwner, public std::enable_shared_from_this<StoreImpl> {
public:
    StoreImpl(std::unique_ptr<StoreCore> core, std::function<std::uint64_t()> now_ms,
              RandomSource random)
        : core_(std::move(core)), now_ms_(std::move(now_ms)), random_(std::move(random)) {}

    ~StoreImpl() override {
        // Nobody is told of what ends with the store.
        decltype(observers_) gone;
        {
            const std::lock_guard guard(lock_);
            gone.swap(observers_);
        }
        disconnect();
    }

    struct PerSpace {
        std::uint64_t accepted = 0;
        bool in_sync = false;
        Access access = Access::none;
        std::optional<Error> error;
        bool error_is_final = false;
    };

    /// The lock. From inside an app's function that runs under it, nothing: the thread has it.
    std::unique_lock<std::mutex> entered() {
        return inside() ? std::unique_lock<std::mutex>() : std::unique_lock(lock_);
    }

    /// The core, for the time the guard lives. Error: invalid_argument from inside an app's
    /// function that runs under the lock.
    class Locked {
    public:
        explicit Locked(StoreImpl& store) : guard_(store.lock_), core_(*store.core_) {}
        StoreCore* operator->() { return &core_; }

    private:
        std::unique_lock<std::mutex> guard_;
        StoreCore& core_;
    };
    Result<Locked> locked() {
        if (auto free = not_inside(); !free) return tl::unexpected(free.error());
        return Locked(*this);
    }

    /// The same with a space of it. Errors: also what opening the space can say.
    struct LockedSpace {
        std::unique_lock<std::mutex> guard;
        StoreCore& core;
        SpaceReplica& space;
    };
    Result<LockedSpace> locked(const std::string& name) {
        if (auto free = not_inside(); !free) return tl::unexpected(free.error());
        std::unique_lock guard(lock_);
        auto space = core_->space(name);
        if (!space) return tl::unexpected(space.error());
        return LockedSpace{std::move(guard), *core_, **space};
    }

    /// While it lives, an app's function runs under the lock, on this thread.
    class Inside {
    public:
        explicit Inside(StoreImpl& store) : store_(store) {
            store_.inside_thread_ = std::this_thread::get_id();
            store_.inside_ = true;
        }
        ~Inside() { store_.inside_ = false; }
        Inside(const Inside&) = delete;
        Inside& operator=(const Inside&) = delete;

    private:
        StoreImpl& store_;
    };
    /// Whether such a function is the caller, who would wait for itself.
    [[nodiscard]] bool inside() const {
        return inside_ && inside_thread_.load() == std::this_thread::get_id();
    }
    [[nodiscard]] Result<> not_inside() const {
        if (inside()) return fail(ErrorCode::invalid_argument, called_from_inside);
        return {};
    }

    Result<> connect(ConnectOptions options) {
        if (auto free = not_inside(); !free) return free;
        auto endpoint = net::parse_url(options.url);
        if (!endpoint) return tl::unexpected(endpoint.error());
        disconnect();
        auto connector =
            std::make_unique<Connector>(lock_, *core_, presence_, *this, std::move(options),
                                        std::move(*endpoint), now_ms_, random_);
        auto started = connector->start(token());
        if (!started) return started;
        {
            const std::lock_guard guard(connector_lock_);
            connector_.swap(connector);
            connector_->set_token(token_);  // if it was set meanwhile
        }
        retire(std::move(connector));  // of another thread that connected meanwhile
        return {};
    }

    void disconnect() {
        if (inside()) return run_elsewhere([self = shared_from_this()] { self->disconnect(); });
        std::unique_ptr<Connector> connector;
        {
            const std::lock_guard guard(connector_lock_);
            connector = std::move(connector_);
        }
        if (connector == nullptr) return;
        retire(std::move(connector));
        {
            const std::lock_guard guard(lock_);
            set_offline();
        }
        dispatch();
    }

    void set_token(std::string token) {
        if (inside()) {
            return run_elsewhere([self = shared_from_this(), token = std::move(token)]() mutable {
                self->set_token(std::move(token));
            });
        }
        {
            const std::lock_guard guard(lock_);
            error_is_final_ = false;  // it may be just what was missing
        }
        const std::lock_guard guard(connector_lock_);
        token_ = std::move(token);
        if (connector_ != nullptr) connector_->set_token(token_);
    }

    [[nodiscard]] std::shared_ptr<const Schema> schema() {
        const auto guard = entered();
        return core_->schema();
    }
    [[nodiscard]] ReplicaId replica() {
        const auto guard = entered();
        return core_->replica();
    }

    /// Whether the caller is an observer on the network thread.
    [[nodiscard]] bool on_network_thread() {
        const std::lock_guard guard(connector_lock_);
        return connector_ != nullptr && connector_->on_own_thread();
    }

    void notify(const std::string& space) {
        const std::lock_guard guard(connector_lock_);
        if (connector_ != nullptr) connector_->notify(space);
    }

    using Edit = std::function<Result<>(SpaceReplica::Editor&, const Schema*)>;
    /// Who makes a transaction so that it can be undone.
    struct Origin {
        const UndoManager* undo = nullptr;  ///< is not told of this transaction as of another's
        /// Called under the lock once all is durable, also when nothing was edited.
        std::function<void(std::uint64_t now_ms)> committed = {};
    };
    /// `request` is empty for what need not be done once only.
    Result<Done> transact(const std::string& name, std::string_view request, const Edit& edit,
                          std::string message, const Origin& origin) {
        if (auto free = not_inside(); !free) return tl::unexpected(free.error());
        {
            const std::lock_guard guard(lock_);
            if (!request.empty()) {
                auto before = core_->requests().contains(request);
                if (!before) return tl::unexpected(before.error());
                if (*before) return Done::before;
            }
            const UndoWatcher::Making making(undo_watchers_[name], origin.undo);
            auto committed = core_->transact(name, request, std::move(message),
                                             [&](SpaceReplica::Editor& editor) {
                                                 const Inside inside(*this);
                                                 return edit(editor, core_->schema().get());
                                             });
            if (!committed) return tl::unexpected(committed.error());
            if (origin.committed) origin.committed(core_->now_ms());
            if (committed->first == 0) return Done::now;
            spaces_[name].in_sync = false;
            news_.push_back({name, std::move(committed->changes), {}});
        }
        notify(name);
        dispatch();
        return Done::now;
    }

    /// From now on `undo` is told what others do in the space, as long as it is there.
    Result<> watch(const std::string& name, const std::shared_ptr<UndoManager>& undo) {
        auto opened = locked(name);
        if (!opened) return tl::unexpected(opened.error());
        UndoWatcher& watcher = undo_watchers_[name];
        watcher.add(undo);
        opened->space.watch(&watcher);
        return {};
    }

    Result<> set_presence(const std::string& space, const std::string& session, Value value,
                          std::uint64_t ttl_ms) {
        if (auto free = not_inside(); !free) return free;
        {
            const std::lock_guard guard(lock_);
            auto changed = presence_.set(space, session, std::move(value), ttl_ms, now_ms_());
            if (!changed) return tl::unexpected(changed.error());
            if (*changed) presence_news_.insert(space);
        }
        tell_presence();
        return {};
    }

    void clear_presence(const std::string& space, const std::string& session) {
        if (inside()) {
            return run_elsewhere([self = shared_from_this(), space, session] {
                self->clear_presence(space, session);
            });
        }
        {
            const std::lock_guard guard(lock_);
            if (!presence_.clear(space, session)) return;
            presence_news_.insert(space);
        }
        tell_presence();
    }

    std::vector<Presence> presence(const std::string& space) {
        const auto guard = entered();
        return presence_.list(space, core_->replica(), now_ms_());
    }

    SyncStatus status(const std::string& name) {
        const auto guard = entered();
        return status_of(name);
    }

    Result<> wait_in_sync(const std::string& name, std::chrono::milliseconds timeout) {
        if (auto free = not_inside(); !free) return free;
        std::unique_lock guard(lock_);
        std::optional<Error> final_error;
        const bool done = status_changed_.wait_for(guard, timeout, [&] {
            const SyncStatus status = status_of(name);
            if (status.last_error && status.last_error_is_final) final_error = status.last_error;
            return status.in_sync || final_error;
        });
        if (final_error) return tl::unexpected(*final_error);
        if (done) return {};
        const SyncStatus status = status_of(name);
        std::string why = "not in sync after " + std::to_string(timeout.count()) + " ms";
        if (status.last_error) {
            why += "; last error: " + status.last_error->message;
        } else if (status.connection == SyncStatus::Connection::offline) {
            why += ": the store is offline, and connect() would change that";
        }
        return fail(ErrorCode::timed_out, why);
    }

    Subscription observe(Observer observer) {
        const auto guard = entered();
        if (observer.status) observer.told = status_of(observer.space);
        const std::uint64_t id = ++last_observer_;
        observers_[id] = std::make_shared<Observer>(std::move(observer));
        return Subscription([weak = weak_from_this(), id] {
            if (const auto self = weak.lock()) {
                // What the app's function owns is let go of without the lock: it may call back.
                decltype(self->observers_)::node_type gone;
                const auto inner = self->entered();
                gone = self->observers_.extract(id);
            }
        });
    }

    // ConnectorOwner

    void session_event(ClientEvent event) override {
        if (auto* changed = std::get_if<client_event::Changed>(&event)) {
            news_.push_back({changed->space, std::move(changed->changes), {}});
        } else if (auto* rejected = std::get_if<client_event::Rejected>(&event)) {
            std::vector<DocumentChange> touched;
            for (const RejectedChange& change : rejected->changes) {
                for (const Section& section : change.change.sections) {
                    touched.push_back({section.document, {Path{}}, DocumentChange::Origin::remote});
                }
            }
            news_.push_back({rejected->space, std::move(touched), std::move(rejected->changes)});
        } else if (auto* opened = std::get_if<client_event::Opened>(&event)) {
            PerSpace& space = spaces_[opened->space];
            space.access = opened->access;
            space.error.reset();
            space.error_is_final = false;
        } else if (auto* accepted = std::get_if<client_event::Accepted>(&event)) {
            spaces_[accepted->space].accepted = accepted->counter;
        } else if (auto* in_sync = std::get_if<client_event::InSync>(&event)) {
            spaces_[in_sync->space].in_sync = true;
        } else if (auto* failed = std::get_if<client_event::SpaceFailed>(&event)) {
            PerSpace& space = spaces_[failed->space];
            space.error = failed->error;
            space.error_is_final = !failed->retryable;
            space.in_sync = false;
        } else if (auto* presence = std::get_if<client_event::PresenceChanged>(&event)) {
            presence_news_.insert(std::move(presence->space));
        }
    }

    void connection_changed(SyncStatus::Connection state, std::optional<Error> error,
                            bool is_final) override {
        if (state == SyncStatus::Connection::connected) {
            connected_since_ms_ = now_ms_();
            error_.reset();
            error_is_final_ = false;
            core_->set_last_error(std::nullopt);
        } else if (state == SyncStatus::Connection::offline) {
            set_offline();
            error_ = std::move(error);
            error_is_final_ = is_final;
            if (error_) core_->set_last_error(error_);
        }
        connection_ = state;
    }

    void dispatch() override {
        status_changed_.notify_all();
        dispatch_changes();
        dispatch_presence();
        dispatch_status();
    }

private:
    std::string token() {
        const std::lock_guard guard(connector_lock_);
        return token_;
    }

    void dispatch_changes() {
        std::vector<News> news;
        std::vector<std::shared_ptr<Observer>> observers;
        {
            const std::lock_guard guard(lock_);
            news.swap(news_);
            if (news.empty()) return;
            for (const auto& [id, observer] : observers_) observers.push_back(observer);
        }
        for (const News& item : news) {
            for (const auto& observer : observers) tell(*observer, item);
        }
    }

    /// Own presence has changed: to the relay, and to the app's observers.
    void tell_presence() {
        {
            const std::lock_guard guard(connector_lock_);
            if (connector_ != nullptr) connector_->notify_presence();
        }
        dispatch_presence();
    }

    /// Lists are taken and told by one thread at a time, or an older one could be told last. Who
    /// finds another thread at it, or is called by it, leaves the news to that one.
    void dispatch_presence() {
        std::unique_lock guard(lock_);
        if (telling_presence_) return;
        const WhileTelling telling(guard, telling_presence_);
        while (!presence_news_.empty()) {
            const std::string space =
                std::move(presence_news_.extract(presence_news_.begin()).value());
            std::vector<std::shared_ptr<Observer>> observers;
            for (const auto& [id, observer] : observers_) {
                if (observer->presence && observer->space == space) observers.push_back(observer);
            }
            if (observers.empty()) continue;
            const auto list = presence_.list(space, core_->replica(), now_ms_());
            guard.unlock();
            for (const auto& observer : observers) observer->presence(list);
            observers.clear();  // the last owner of what the app's function holds may be this one
            guard.lock();
        }
    }

    /// As dispatch_presence(). What changed and changed back in between is not told.
    void dispatch_status() {
        std::unique_lock guard(lock_);
        status_is_old_ = true;
        if (telling_status_) return;
        const WhileTelling telling(guard, telling_status_);
        while (std::exchange(status_is_old_, false)) {
            std::vector<std::pair<std::shared_ptr<Observer>, SyncStatus>> news;
            for (const auto& [id, observer] : observers_) {
                if (!observer->status) continue;
                SyncStatus now = status_of(observer->space);
                if (now == observer->told) continue;
                observer->told = now;
                news.emplace_back(observer, std::move(now));
            }
            guard.unlock();
            for (const auto& [observer, status] : news) observer->status(status);
            news.clear();
            guard.lock();
        }
    }

    /// Stops a connector. An observer runs on the thread that has to be joined, so there another
    /// thread does it, and keeps this store until it has.
    void retire(std::unique_ptr<Connector> connector) {
        if (connector == nullptr) return;
        if (!connector->on_own_thread()) return connector->stop();
        run_elsewhere([self = shared_from_this(), last = std::shared_ptr<Connector>(std::move(
                                                      connector))]() mutable { last.reset(); });
    }

    static void tell(const Observer& observer, const News& item) {
        if (observer.space != item.space) return;
        if (observer.rejected && !item.rejected.empty()) observer.rejected(item.rejected);
        if (!observer.changed) return;
        SpaceChanges changes{item.space, {}};
        for (const DocumentChange& change : item.changes) {
            if (observer.collection.empty() || observer.collection == change.document.collection) {
                changes.documents.push_back(change);
            }
        }
        if (!changes.documents.empty()) observer.changed(changes);
    }

    SyncStatus status_of(const std::string& name) {
        SyncStatus status;
        const PerSpace& space = spaces_[name];
        status.connection = connection_;
        status.connected_since_ms = connected_since_ms_;
        status.clock_offset_ms = core_->clock_offset_ms();
        status.last_error = error_ ? error_ : space.error;
        if (!status.last_error && connection_ == SyncStatus::Connection::offline) {
            status.last_error = core_->last_error();
        }
        status.last_error_is_final = error_ ? error_is_final_ : space.error_is_final;
        status.accepted = space.accepted;
        status.access = space.access;
        if (auto replica = core_->space(name)) {
            status.pending = (*replica)->pending();
            status.cursor = (*replica)->state().cursor;
        }
        status.in_sync = space.in_sync && connection_ == SyncStatus::Connection::connected;
        return status;
    }

    void set_offline() {
        connection_ = SyncStatus::Connection::offline;
        connected_since_ms_ = 0;
        for (auto& [name, space] : spaces_) space.in_sync = false;
        for (std::string& space : presence_.disconnected()) presence_news_.insert(std::move(space));
    }

    static constexpr const char* called_from_inside =
        "called from inside a transaction or a visit of the same store, which holds it until it "
        "returns: read with the transaction's editors, and call the store afterwards";

    std::atomic<bool> inside_{false};  ///< an app's function runs under the lock, on this thread:
    std::atomic<std::thread::id> inside_thread_ = std::thread::id();
    std::mutex lock_;  ///< guards everything up to telling_status_
    std::map<std::string, UndoWatcher> undo_watchers_;
    std::unique_ptr<StoreCore> core_;
    std::function<std::uint64_t()> now_ms_;
    RandomSource random_;
    std::map<std::uint64_t, std::shared_ptr<Observer>> observers_;
    std::uint64_t last_observer_ = 0;
    std::map<std::string, PerSpace> spaces_;
    SyncStatus::Connection connection_ = SyncStatus::Connection::offline;
    std::uint64_t connected_since_ms_ = 0;
    std::optional<Error> error_;
    bool error_is_final_ = false;
    std::condition_variable status_changed_;
    std::vector<News> news_;
    PresenceBook presence_;
    std::set<std::string> presence_news_;  ///< spaces whose observers are to be told
    bool telling_presence_ = false;
    bool status_is_old_ = false;
    bool telling_status_ = false;

    std::mutex connector_lock_;  ///< never taken while lock_ is held
    std::unique_ptr<Connector> connector_;
    std::string token_;  ///< where the app gives no function
};

struct SpaceHandle {
    std::shared_ptr<StoreImpl> store;
    std::string name;
};

}  // namespace syncline::client
