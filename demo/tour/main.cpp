// The tour: three devices, one relay, a real data set. Everybody edits offline, on purpose against
// each other; the relay is killed in the middle; one device stays away for long. At the end a table
// says what each had, what all have now, and why.

#include "relay_process.hpp"
#include "script.hpp"
#include "syncline/document/json.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <unistd.h>

namespace syncline::tour {
namespace {

constexpr std::chrono::milliseconds patience{30'000};
const DocumentKey norway{"countries", "NO"};
const DocumentKey iceland{"countries", "IS"};

/// Ends the tour with a sentence.
[[noreturn]] void stop(const std::string& what, const Error& error) {
    std::cerr << "tour: " << what << ": " << error.message << " (" << name_of(error.code) << ")\n";
    std::exit(1);
}
template <typename T>
T must(Result<T> result, const std::string& what) {
    if (!result) stop(what, result.error());
    return std::move(*result);
}
void must(const Result<>& result, const std::string& what) {
    if (!result) stop(what, result.error());
}

struct Device {
    std::string name;
    Store store;
    Space space;

    void go_online(const std::string& url) {
        ConnectOptions options;
        options.url = url;
        options.backoff_min = std::chrono::milliseconds(50);
        options.backoff_max = std::chrono::milliseconds(500);
        must(store.connect(options), name + " connects");
    }
    void sync(const std::string& url) {
        go_online(url);
        must(space.wait_in_sync(patience), name + " syncs");
    }
    void edit(const DocumentKey& key, const std::function<void(MapEditor&)>& work) {
        must(space.transact([&](Transaction& tx) {
            MapEditor document = tx.document(key.collection, key.id);
            work(document);
        }),
             name + " edits");
    }
    std::string shows(const DocumentKey& key, const std::string& field) {
        const auto value = must(space.get(key), name + " reads");
        const Value* member = value ? value->find(field) : nullptr;
        return member == nullptr ? "-" : to_json(*member);
    }
    std::string digest() { return to_hex(must(space.digest(), name + " adds up").view()); }
};

Device make_device(const std::string& name, const std::string& directory) {
    const std::string file = directory + "/" + name + ".db";
    Store store = must(Store::open(file), "opening " + file);
    Space space = must(store.space("travel"), "opening the space");
    return {name, std::move(store), std::move(space)};
}

/// The records of ISO 3166-1, from the package iso-codes.
Value::Array read_countries(const std::string& file) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) stop("reading " + file, {ErrorCode::not_found, "is the package iso-codes installed?"});
    const Value whole = must(parse_json(text.str()), file);
    const Value* list = whole.find("3166-1");
    if (list == nullptr || list->array() == nullptr) {
        stop(file, {ErrorCode::malformed, "no list under \"3166-1\""});
    }
    return *list->array();
}

std::size_t import(Device& device, const Value::Array& countries) {
    must(device.space.transact([&](Transaction& tx) {
        for (const Value& country : countries) {
            const Value* code = country.find("alpha_2");
            if (code == nullptr || code->text() == nullptr) continue;
            MapEditor document = tx.document("countries", *code->text());
            for (const Value::Member& member : *country.map()) {
                document.set(member.key, member.value);
            }
        }
    }),
         "importing");
    return must(device.space.ids("countries"), "listing").size();
}

/// As wide as `width` columns, counting code points.
std::string padded(const std::string& text, std::size_t width) {
    std::size_t points = 0;
    for (const char c : text) points += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
    return text + std::string(points < width ? width - points : 1, ' ');
}

void say(const std::string& text) { std::cout << text << std::endl; }

int tour(const std::string& relay_program, const std::string& countries_file,
         const std::string& directory) {
    say("\n1. A relay, and three devices that each have a SQLite file of their own.");
    RelayProcess relay(relay_program, directory);
    must(relay.start(), "starting the relay");
    Device laptop = make_device("laptop", directory);
    Device phone = make_device("phone", directory);
    Device tablet = make_device("tablet", directory);
    const std::vector<Device*> devices = {&laptop, &phone, &tablet};

    const std::size_t records = import(laptop, read_countries(countries_file));
    const std::vector<FieldStory> all = stories();
    laptop.edit(norway, [&](MapEditor& m) {
        for (const FieldStory& story : all) story.before(m);
    });
    say("   The laptop imports " + std::to_string(records) +
        " countries (ISO 3166-1) and makes some notes on Norway.");
    for (Device* device : devices) device->sync(relay.url());
    say("   Synced: the phone and the tablet have them too. Digests: " +
        laptop.digest().substr(0, 12) + ", " + phone.digest().substr(0, 12) + ", " +
        tablet.digest().substr(0, 12) + ".");

    say("\n2. All three go offline and edit the same document, each in its own way.");
    for (Device* device : devices) device->store.disconnect();
    for (const FieldStory& story : all) {
        laptop.edit(norway, story.laptop);
        phone.edit(norway, story.phone);
    }
    laptop.edit(iceland, [](MapEditor& m) { m.erase(); });
    phone.edit(iceland, [](MapEditor& m) { m.set("note", "the phone still likes it"); });
    for (const FieldStory& story : all) tablet.edit(norway, story.tablet);

    std::vector<std::vector<std::string>> had(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (Device* device : devices) had[i].push_back(device->shows(norway, all[i].field));
    }

    say("\n3. The laptop comes back. The relay is killed (kill -9) while the phone connects.");
    laptop.sync(relay.url());
    phone.go_online(relay.url());
    relay.kill();
    must(relay.start(), "starting the relay again");
    must(phone.space.wait_in_sync(patience), "phone syncs after the crash");
    must(laptop.space.wait_in_sync(patience), "laptop syncs after the crash");
    say("   It was started again on the same data; nobody had to do anything. The tablet is still "
        "away:");
    say("   laptop " + laptop.digest().substr(0, 12) + ", phone " + phone.digest().substr(0, 12) +
        ", tablet " + tablet.digest().substr(0, 12) + " (as it was).");

    say("\n4. The tablet goes on editing alone, then comes back.");
    for (int day = 1; day <= 20; ++day) {
        tablet.edit({"diary", "day-" + std::to_string(day)},
                    [&](MapEditor& m) { m.set("text", "offline day " + std::to_string(day)); });
    }
    tablet.sync(relay.url());
    // The others hear of it over their open connections at some moment soon; connecting again waits
    // for just that.
    for (Device* device : {&laptop, &phone}) {
        device->store.disconnect();
        device->sync(relay.url());
    }

    say("\n5. Norway, field by field.\n");
    const auto row = [](const std::string& field, const std::vector<std::string>& cells) {
        std::string line = "   " + padded(field, 10);
        for (const std::string& cell : cells) line += padded(cell, 26);
        say(line);
    };
    row("", {"laptop had", "phone had", "tablet had"});
    for (std::size_t i = 0; i < all.size(); ++i) {
        row(all[i].field, had[i]);
        say("             now " + laptop.shows(norway, all[i].field) + "   (" + all[i].type + ": " +
            all[i].why + ")");
    }
    const Document document = must(laptop.space.document(norway), "reading");
    const Node* note = document.root().find(FieldKey{"note", Type::lww_register});
    std::string losers;
    for (const auto& entry : note->as<LwwRegister>()->conflicts()) {
        losers += (losers.empty() ? "" : ", ") + to_json(entry.value);
    }
    say("   conflicts(note) still shows what lost: " + losers);
    say("   Iceland was deleted on the laptop while the phone wrote a note: " +
        to_json(must(laptop.space.get(iceland), "reading").value_or(Value())));

    say("\n6. The proof.");
    bool equal = true;
    for (Device* device : devices) {
        const std::size_t diary = must(device->space.ids("diary"), "listing").size();
        say("   " + padded(device->name, 8) + device->digest() + "   " + std::to_string(diary) +
            " diary pages, " + std::to_string(device->space.status().pending) + " pending");
        equal = equal && device->digest() == laptop.digest() && diary == 20;
        for (const FieldStory& story : all) {
            equal =
                equal && device->shows(norway, story.field) == laptop.shows(norway, story.field);
        }
    }
    for (Device* device : devices) device->store.disconnect();
    relay.stop();
    if (!equal) {
        std::cerr << "tour: the devices differ; this is a bug. Their files are in " << directory
                  << '\n';
        return 1;
    }
    say("   All equal.");
    return 0;
}

std::string own_directory() {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

}  // namespace
}  // namespace syncline::tour

int main(int argc, char** argv) {
    CLI::App app{"Shows offline devices converge: a relay, three stores, conflicts, a crash."};
    std::string relay = syncline::tour::own_directory() + "/syncline-relay";
    std::string countries = "/usr/share/iso-codes/json/iso_3166-1.json";
    app.add_option("--relay", relay, "the relay's program")->capture_default_str();
    app.add_option("--countries", countries, "ISO 3166-1 as JSON")->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    std::string directory =
        (std::filesystem::temp_directory_path() / "syncline-tour-XXXXXX").string();
    if (mkdtemp(directory.data()) == nullptr) {
        std::cerr << "tour: cannot make a directory in " << directory << '\n';
        return 1;
    }
    const int code = syncline::tour::tour(relay, countries, directory);
    if (code == 0) {
        std::error_code ignored;
        std::filesystem::remove_all(directory, ignored);
    }
    return code;
}
