#include "state/store/tables.hpp"

#include "state/model/json.hpp"
#include "state/model/mutation.hpp"
#include "state/model/secret.hpp"
#include "state/store/state_file.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace trueup {

namespace {

// The columns of a row as they are stored, without its sum.
using Row = std::vector<std::string>;

// Hex over the fields and their lengths, so that moving a character from one to the next changes
// it.
std::string digest_of(const Row& row, std::string text = {})
{
    for (const std::string& field : row) {
        text += std::to_string(field.size());
        text += ':';
        text += field;
    }
    return sha256_hex(text);
}

// Enough to tell damage; nobody gains by forging it.
std::string sum_of(const Row& row)
{
    return digest_of(row).substr(0, 16);
}

std::string flag(bool on)
{
    return on ? "1" : "0";
}

std::string names_text(const std::vector<std::string>& names)
{
    return json::write(Value(List(names.begin(), names.end())));
}

Result<std::vector<std::string>> names_of(const std::string& text)
{
    std::vector<std::string> names;
    if (text == "[]")
        return names;
    auto value = json::parse(text);
    if (!value)
        return value.error();
    if (const List* list = value->if_list())
        for (const Value& item : *list)
            names.push_back(item.string_or_empty());
    return names;
}

Row row_of(const Binding& binding)
{
    return {binding.endpoint, binding.tenant_uid, binding.owner_id};
}

Row row_of(const Record& record)
{
    const auto secrets =
        mutated(Mutation::secret_in_state) ? json::Secrets::reveal : json::Secrets::hash;
    return {record.address,
            record.kind,
            record.scope_uid,
            record.uid,
            json::write(record.last_applied, secrets),
            flag(record.prevent_destroy),
            flag(record.abandon),
            names_text(record.depends_on),
            record.waiting,
            record.waiting_since,
            record.updated_at};
}

Row row_of(const Intent& intent)
{
    return {intent.id,
            intent.address,
            intent.verb,
            intent.route,
            intent.scope_uid,
            intent.uid,
            json::write(intent.desired, json::Secrets::hash),
            intent.plan_id,
            intent.opened_at,
            flag(intent.prevent_destroy),
            flag(intent.abandon),
            names_text(intent.depends_on)};
}

Row row_of(const AuditRecord& record)
{
    return {record.at,
            record.address,
            record.verb,
            record.route,
            record.outcome,
            std::to_string(record.status),
            record.audit_uid,
            record.plan_id,
            record.detail,
            record.revision,
            std::to_string(record.attempt),
            std::to_string(record.latency_ms),
            record.error};
}

// Where the columns begin that a line of the audit has since the third schema.
constexpr std::size_t audit_columns_before = 9;
constexpr std::size_t audit_attempt_column = 10;

// What the hash of a line covers. One from before has no attempt, and was hashed without the
// columns that it did not have; something in one of them was put there later, and counts.
Row hashed_columns(Row row)
{
    const auto later = row.begin() + audit_columns_before;
    if (row[audit_attempt_column].empty() &&
        std::all_of(later, row.end(), [](const std::string& field) { return field.empty(); }))
        row.resize(audit_columns_before);
    return row;
}

Row row_of(const Memo& memo)
{
    return {memo.kind, memo.key, json::write(memo.value, json::Secrets::hash), memo.updated_at};
}

Result<Memo> memo_of(Row row)
{
    auto value = json::parse_remembered(row[2]);
    if (!value)
        return value.error();
    Memo memo(std::move(row[0]), std::move(row[1]), std::move(*value));
    memo.updated_at = std::move(row[3]);
    return memo;
}

// The tree that `text` stands for: `known` where it is the same. Most often it is, and is then
// written the same, so that nothing has to be read. A $ may be the tag of a secret, which is
// written as its hash.
Result<SharedValue> tree_of(const std::string& text, const SharedValue& known)
{
    if (!known->is_null() && text.find('$') == std::string::npos &&
        json::write(known, json::Secrets::hash) == text)
        return known;
    auto value = json::parse_remembered(text);
    if (!value)
        return value.error();
    return keep_once(std::move(*value), known);
}

Result<Record> record_of(Row row, const SharedValue& known = {})
{
    auto applied = tree_of(row[4], known);
    if (!applied)
        return applied.error();
    auto names = names_of(row[7]);
    if (!names)
        return names.error();
    Record record;
    record.address = std::move(row[0]);
    record.kind = std::move(row[1]);
    record.scope_uid = std::move(row[2]);
    record.uid = std::move(row[3]);
    record.last_applied = std::move(*applied);
    record.prevent_destroy = row[5] == "1";
    record.abandon = row[6] == "1";
    record.depends_on = std::move(*names);
    record.waiting = std::move(row[8]);
    record.waiting_since = std::move(row[9]);
    record.updated_at = std::move(row[10]);
    return record;
}

Result<Intent> intent_of(Row row)
{
    auto desired = json::parse_remembered(row[6]);
    if (!desired)
        return desired.error();
    auto names = names_of(row[11]);
    if (!names)
        return names.error();
    Intent intent;
    intent.id = std::move(row[0]);
    intent.address = std::move(row[1]);
    intent.verb = std::move(row[2]);
    intent.route = std::move(row[3]);
    intent.scope_uid = std::move(row[4]);
    intent.uid = std::move(row[5]);
    intent.desired = std::move(*desired);
    intent.plan_id = std::move(row[7]);
    intent.opened_at = std::move(row[8]);
    intent.prevent_destroy = row[9] == "1";
    intent.abandon = row[10] == "1";
    intent.depends_on = std::move(*names);
    return intent;
}

// 0 for what is not a number, such as a column that a line did not have.
template <class Integer>
Integer integer_of(const std::string& text)
{
    Integer number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

AuditRecord audit_of(Row row)
{
    AuditRecord record;
    record.at = std::move(row[0]);
    record.address = std::move(row[1]);
    record.verb = std::move(row[2]);
    record.route = std::move(row[3]);
    record.outcome = std::move(row[4]);
    record.status = integer_of<int>(row[5]);
    record.audit_uid = std::move(row[6]);
    record.plan_id = std::move(row[7]);
    record.detail = std::move(row[8]);
    record.revision = std::move(row[9]);
    record.attempt = integer_of<int>(row[10]);
    record.latency_ms = integer_of<std::int64_t>(row[11]);
    record.error = std::move(row[12]);
    return record;
}

// Runs `statement` with the row's fields, and `sum` after them.
void run(SQLite::Statement& statement, const Row& row, const std::string& sum)
{
    statement.tryReset();
    int index = 0;
    for (const std::string& field : row)
        statement.bindNoCopy(++index, field);
    statement.bindNoCopy(++index, sum);
    statement.exec();
    statement.tryReset();
}

void run(SQLite::Statement& statement, const std::string& key)
{
    statement.tryReset();
    statement.bindNoCopy(1, key);
    statement.exec();
    statement.tryReset();
}

void run(SQLite::Statement& statement, const std::string& first, const std::string& second)
{
    statement.tryReset();
    statement.bindNoCopy(1, first);
    statement.bindNoCopy(2, second);
    statement.exec();
    statement.tryReset();
}

// A statement stays in the middle of its rows until it is reset, and keeps its snapshot as long.
class ResetAtEnd {
public:
    explicit ResetAtEnd(SQLite::Statement& statement) : statement_(statement)
    {
        statement_.tryReset();
    }
    ResetAtEnd(const ResetAtEnd&) = delete;
    ResetAtEnd& operator=(const ResetAtEnd&) = delete;
    ~ResetAtEnd() { statement_.tryReset(); }

private:
    SQLite::Statement& statement_;
};

// The current row without its last column, which goes to `sum`.
Row take_row(SQLite::Statement& statement, std::string& sum)
{
    const int last = statement.getColumnCount() - 1;
    Row row;
    row.reserve(static_cast<std::size_t>(last));
    for (int i = 0; i < last; ++i)
        row.push_back(statement.getColumn(i).getString());
    sum = statement.getColumn(last).getString();
    return row;
}

// What `decode` makes of each row of `statement`, which has `expected` of them as far as that is
// known.
template <class T, class Decode>
Result<std::vector<T>> decode_all(SQLite::Statement& statement,
                                  const std::filesystem::path& file,
                                  Decode decode,
                                  std::size_t expected = 0)
{
    std::vector<T> found;
    found.reserve(expected);
    std::string sum;
    while (statement.executeStep()) {
        Row row = take_row(statement, sum);
        const std::string first = row.front();
        if (sum != sum_of(row))
            return damaged_state(file,
                                 "the state is damaged: what it says of " + first + " was changed");
        Result<T> item = decode(std::move(row));
        if (!item)
            return damaged_state(
                file, "the state is damaged: what it says of " + first + " cannot be read");
        found.push_back(std::move(*item));
    }
    return found;
}

template <class T>
Result<std::optional<T>> at_most_one(Result<std::vector<T>> found)
{
    if (!found)
        return found.error();
    if (found->empty())
        return std::optional<T>{};
    return std::optional<T>(std::move(found->front()));
}

constexpr const char* select_records = "SELECT address, kind, scope_uid, uid, last_applied, "
                                       "prevent_destroy, abandon, depends_on, waiting, "
                                       "waiting_since, updated_at, sum FROM records ";

constexpr const char* select_audit = "SELECT at, address, verb, route, outcome, status, audit_uid, "
                                     "plan_id, detail, revision, attempt, latency_ms, error, hash "
                                     "FROM audit ";

std::string last_audit_hash(SQLite::Database& database)
{
    SQLite::Statement last(database, "SELECT hash FROM audit ORDER BY seq DESC LIMIT 1");
    return last.executeStep() ? last.getColumn(0).getString() : std::string();
}

} // namespace

TableWriter::TableWriter(SQLite::Database& database)
    : database_(database),
      bind_(database,
            "INSERT INTO binding (id, endpoint, tenant_uid, owner_id, sum) VALUES (1, ?, ?, ?, ?)"),
      open_(database,
            "INSERT INTO intents (id, address, verb, route, scope_uid, uid, desired, plan_id, "
            "opened_at, "
            "prevent_destroy, abandon, depends_on, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
            "?, ?)"),
      put_(database,
           "INSERT INTO records (address, kind, scope_uid, uid, last_applied, prevent_destroy, "
           "abandon, "
           "depends_on, waiting, waiting_since, updated_at, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, "
           "?, ?, "
           "?, ?) ON CONFLICT (address) DO UPDATE SET kind = excluded.kind, scope_uid = "
           "excluded.scope_uid, uid = excluded.uid, last_applied = excluded.last_applied, "
           "prevent_destroy = excluded.prevent_destroy, abandon = excluded.abandon, depends_on = "
           "excluded.depends_on, waiting = excluded.waiting, waiting_since = "
           "excluded.waiting_since, "
           "updated_at = excluded.updated_at, sum = excluded.sum"),
      forget_(database, "DELETE FROM records WHERE address = ?"),
      close_(database, "DELETE FROM intents WHERE id = ?"),
      audit_(database,
             "INSERT INTO audit (at, address, verb, route, outcome, status, audit_uid, plan_id, "
             "detail, revision, attempt, latency_ms, error, hash) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      note_(database,
            "INSERT INTO memos (kind, key, value, updated_at, sum) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, "
            "updated_at = excluded.updated_at, sum = excluded.sum"),
      erase_(database, "DELETE FROM memos WHERE kind = ? AND key = ?"),
      last_hash_(last_audit_hash(database))
{
}

void TableWriter::store(const std::vector<Batch>& batches)
{
    const std::string hash_before = last_hash_;
    try {
        SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
        for (const Batch& batch : batches)
            store_one(batch);
        transaction.commit();
    } catch (...) {
        last_hash_ = hash_before;
        throw;
    }
}

void TableWriter::store_one(const Batch& batch)
{
    if (batch.bind) {
        const Row row = row_of(*batch.bind);
        run(bind_, row, sum_of(row));
    }
    for (const Intent& intent : batch.open) {
        const Row row = row_of(intent);
        run(open_, row, sum_of(row));
    }
    for (const Record& record : batch.put) {
        const Row row = row_of(record);
        run(put_, row, sum_of(row));
    }
    for (const std::string& address : batch.forget)
        run(forget_, address);
    for (const std::string& id : batch.close)
        run(close_, id);
    for (const AuditRecord& record : batch.audit)
        append_audit(record);
    for (const Memo& memo : batch.note) {
        const Row row = row_of(memo);
        run(note_, row, sum_of(row));
    }
    for (const auto& [kind, key] : batch.erase)
        run(erase_, kind, key);
}

void TableWriter::append_audit(const AuditRecord& record)
{
    const Row row = row_of(record);
    last_hash_ = digest_of(row, last_hash_);
    run(audit_, row, last_hash_);
}

TableReader::TableReader(SQLite::Database& database, std::filesystem::path file)
    : file_(std::move(file)),
      binding_(database, "SELECT endpoint, tenant_uid, owner_id, sum FROM binding"),
      count_records_(database, "SELECT count(*) FROM records"),
      records_(database, std::string(select_records) + "ORDER BY address"),
      record_(database, std::string(select_records) + "WHERE address = ?"),
      intents_(database,
               "SELECT id, address, verb, route, scope_uid, uid, desired, plan_id, opened_at, "
               "prevent_destroy, abandon, depends_on, sum FROM intents ORDER BY seq"),
      audit_(database, std::string(select_audit) + "ORDER BY seq DESC LIMIT ?"),
      whole_audit_(database, std::string(select_audit) + "ORDER BY seq"),
      memos_(database, "SELECT kind, key, value, updated_at, sum FROM memos ORDER BY kind, key")
{
}

Result<std::optional<Binding>> TableReader::binding()
{
    const ResetAtEnd reset(binding_);
    return at_most_one(decode_all<Binding>(binding_, file_, [](Row row) -> Result<Binding> {
        Binding binding;
        binding.endpoint = std::move(row[0]);
        binding.tenant_uid = std::move(row[1]);
        binding.owner_id = std::move(row[2]);
        return binding;
    }));
}

Result<std::vector<Record>> TableReader::records()
{
    return records_beside([](const std::string&) { return SharedValue(); });
}

Result<std::vector<Record>> TableReader::records_beside(const KnownTree& known)
{
    const ResetAtEnd reset(records_);
    const ResetAtEnd reset_count(count_records_);
    const std::int64_t count =
        count_records_.executeStep() ? count_records_.getColumn(0).getInt64() : 0;
    const auto decode = [&](Row row) {
        const SharedValue tree = known(row[0]);
        return record_of(std::move(row), tree);
    };
    return decode_all<Record>(records_, file_, decode, static_cast<std::size_t>(count));
}

Result<std::optional<Record>> TableReader::record(const std::string& address)
{
    const ResetAtEnd reset(record_);
    record_.bindNoCopy(1, address);
    return at_most_one(
        decode_all<Record>(record_, file_, [](Row row) { return record_of(std::move(row)); }));
}

Result<std::vector<Intent>> TableReader::open_intents()
{
    const ResetAtEnd reset(intents_);
    return decode_all<Intent>(intents_, file_, intent_of);
}

Result<std::vector<AuditRecord>> TableReader::audit(std::size_t newest_max)
{
    const ResetAtEnd reset(audit_);
    constexpr std::size_t most = std::numeric_limits<std::int64_t>::max();
    audit_.bind(1, static_cast<std::int64_t>(std::min(newest_max, most)));
    std::vector<AuditRecord> found;
    std::string hash;
    while (audit_.executeStep())
        found.push_back(audit_of(take_row(audit_, hash)));
    return found;
}

Result<std::vector<Memo>> TableReader::memos()
{
    const ResetAtEnd reset(memos_);
    return decode_all<Memo>(memos_, file_, memo_of);
}

Result<std::uint64_t> TableReader::verify_audit()
{
    const ResetAtEnd reset(whole_audit_);
    std::uint64_t count = 0;
    std::string before;
    std::string hash;
    while (whole_audit_.executeStep()) {
        const Row row = hashed_columns(take_row(whole_audit_, hash));
        ++count;
        if (hash != digest_of(row, before))
            return Error{Errc::store_failed,
                         "line " + std::to_string(count) + " of the audit (" + row[0] + ", " +
                             row[1] + ") was changed, or a line before it was removed",
                         file_.string()};
        before = hash;
    }
    return count;
}

} // namespace trueup
