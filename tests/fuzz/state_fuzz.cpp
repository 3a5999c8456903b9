// The state's file: rows that say anything, with the sums that belong to them, and a whole file in
// which bytes were changed.
//
// A damaged file is refused or read as it was written: never as something else, and never as empty.

#include "state/model/json.hpp"
#include "state/store/sqlite_store.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>

using namespace trueup;
using namespace trueup::fuzz;

namespace {

// What can be read from a state: all of it, as text, or the error.
struct Seen {
    Seen() = default;

    bool readable = false;
    std::string text;
};

std::string text_of(const Record& record)
{
    std::string text = record.address + record.kind + record.scope_uid + record.uid +
                       json::write(record.last_applied, json::Secrets::hash) + record.waiting +
                       (record.prevent_destroy ? "P" : "-") + (record.abandon ? "A" : "-");
    for (const std::string& address : record.depends_on)
        text += " " + address;
    return text + "\n";
}

Seen look_at(const std::filesystem::path& file)
{
    Seen seen;
    boost::asio::io_context context;
    const auto store = open_sqlite_store(context, file, StoreMode::read_only, SyncMode::inline_);
    if (!store)
        return seen;
    const auto binding = (*store)->binding();
    const auto records = (*store)->records();
    const auto intents = (*store)->open_intents();
    (void)(*store)->audit(10).has_value();
    if (!binding || !records || !intents)
        return seen;
    seen.readable = true;
    seen.text = *binding ? (*binding)->endpoint + (*binding)->owner_id + "\n" : "unbound\n";
    for (const Record& record : *records)
        seen.text += text_of(record);
    for (const Intent& intent : *intents)
        seen.text += intent.id + intent.address + intent.verb + json::write(intent.desired) + "\n";
    return seen;
}

// A sound state with a few rows in it, and room for the inputs beside it.
class Site {
public:
    Site() : file_(directory_ / "state.db"), work_(directory_ / "work.db")
    {
        boost::asio::io_context context;
        ManualClock clock(context);
        {
            auto store = open_sqlite_store(context, file_, StoreMode::writer, SyncMode::inline_);
            must(store.has_value(), "a state can be made");
            const auto stored = clock.run((*store)->commit(sample()));
            must(stored.has_value(), "a state can be written");
        }
        std::ifstream in(file_, std::ios::binary);
        bytes_.assign(std::istreambuf_iterator<char>(in), {});
        sound_ = look_at(file_);
        must(sound_.readable, "a sound state can be read");
    }

    const Seen& sound() const { return sound_; }

    Seen look_at_changed(std::string_view patches)
    {
        std::string bytes = bytes_;
        // Each is an offset of two bytes, a count of one, and a byte.
        for (; patches.size() >= 4; patches.remove_prefix(4)) {
            const auto at = [&](std::size_t i) { return static_cast<unsigned char>(patches[i]); };
            const std::size_t offset = at(0) | static_cast<std::size_t>(at(1)) << 8U;
            for (std::size_t i = offset;
                 i < std::min<std::size_t>(offset + at(2) % 64U + 1, bytes.size());
                 ++i)
                bytes[i] = patches[3];
        }
        put(bytes);
        return look_at(work_);
    }

    Seen look_at_row(const std::vector<std::string>& row)
    {
        put(bytes_);
        std::string digest;
        for (const std::string& field : row)
            digest += std::to_string(field.size()) + ":" + field;
        {
            SQLite::Database database(work_.string(), SQLite::OPEN_READWRITE);
            database.exec("PRAGMA synchronous = OFF; DELETE FROM records");
            SQLite::Statement insert(
                database,
                "INSERT INTO records (address, kind, scope_uid, uid, last_applied, "
                "prevent_destroy, abandon, depends_on, waiting, waiting_since, updated_at, sum) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
            int index = 0;
            for (const std::string& field : row)
                insert.bind(++index, field);
            insert.bind(++index, sha256_hex(digest).substr(0, 16));
            try {
                insert.exec();
            } catch (const SQLite::Exception&) {
                return {}; // the table's own rules refuse it
            }
        }
        return look_at(work_);
    }

private:
    static Batch sample()
    {
        Batch batch;
        batch.bind.emplace();
        batch.bind->endpoint = "https://api.example.com";
        batch.bind->owner_id = "me";
        for (const char* name : {"a", "b", "c"}) {
            Record record;
            record.address = std::string("Thing/tenant/") + name;
            record.kind = "Thing";
            record.uid = std::string("uid-") + name;
            record.last_applied =
                Value(Map{{"spec", Map{{"size", 3}, {"key", Secret::remembered("00ff")}}}});
            record.depends_on = {"Project/tenant/p"};
            batch.put.push_back(record);
            Intent intent;
            intent.id = name;
            intent.address = record.address;
            intent.verb = "update";
            intent.desired = record.last_applied;
            batch.open.push_back(intent);
            AuditRecord line;
            line.address = record.address;
            batch.audit.push_back(line);
        }
        return batch;
    }

    void put(const std::string& bytes) const
    {
        for (const char* suffix : {"", "-wal", "-shm"})
            std::filesystem::remove(work_.string() + suffix);
        std::ofstream(work_, std::ios::binary) << bytes;
        ::chmod(work_.c_str(), 0600);
    }

    TempDir directory_;
    std::filesystem::path file_;
    std::filesystem::path work_;
    std::string bytes_;
    Seen sound_;
};

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static Site site;
    std::string_view text = fuzz::text_of(data, size);
    if (take_choice(text, 2) == 0) {
        const Seen seen = site.look_at_changed(text);
        must(!seen.readable || seen.text == site.sound().text,
             "a damaged state is refused or read as it was:\n" + seen.text);
        return 0;
    }
    std::vector<std::string> row;
    constexpr std::size_t columns = 11;
    while (row.size() < columns)
        row.emplace_back(take_part(text, "\n"));
    (void)site.look_at_row(row);
    return 0;
}
