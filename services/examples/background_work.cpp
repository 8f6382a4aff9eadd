// Background work: what goes on beside requests. It is logged when it fails and begins again, and
// it ends with the service, which it can be told of.
//
//   $ background_work --port 8000
//
//   $ curl -s http://127.0.0.1:8000/rate
//   {"dollars_per_euro":1.1,"is_fresh":true}
//   $ curl -s -d 'ada@example.com' http://127.0.0.1:8000/mails
//   {"queued":1}
//   $ sleep 0.3; curl -s http://127.0.0.1:8000/mails
//   {"queued":0,"sent":1}
#include <ferrule/ferrule.hpp>

#include <deque>
#include <mutex>
using namespace ferrule;

struct rates {  // each reactor's own
  double dollars_per_euro = 1;
  bool is_fresh = false;
};
task<> refresh(rates& kept) {
  co_await sleep(1ms);  // a call of another service, say
  kept = {.dollars_per_euro = 1.1, .is_fresh = true};
}

class outbox {  // of the process, so that one mail is sent by one reactor
 public:
  static constexpr bool thread_safe = true;
  std::size_t put(std::string mail) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(mail));
    return waiting_.size();
  }
  std::optional<std::string> first() const {
    const std::lock_guard lock(mutex_);
    return waiting_.empty() ? std::nullopt : std::optional(waiting_.front());
  }
  void remove_first() {
    const std::lock_guard lock(mutex_);
    waiting_.pop_front();
    ++sent_;
  }
  std::pair<std::size_t, std::size_t> counts() const {
    const std::lock_guard lock(mutex_);
    return {waiting_.size(), sent_};
  }

 private:
  mutable std::mutex mutex_;
  std::deque<std::string> waiting_;
  std::size_t sent_ = 0;
};

// A mail is in the queue until it is sent, so that a failure, after which this begins again, loses
// none. Told that the service ends, it sends what is there. What has to outlive the process,
// however that ends, is kept in a database.
task<> send_mails(outbox& queue) {
  for (bool is_last = false;;) {
    while (const auto mail = queue.first()) {
      co_await sleep(10ms);  // a mail server, say
      queue.remove_first();
      log(log_level::info, "sent to " + *mail);
    }
    if (is_last) co_return;
    is_last = (co_await with_deadline(100ms, drain_begins())).has_value();
  }
}

struct queued {
  std::size_t queued = 0;
};
struct mail_counts {
  std::size_t queued = 0, sent = 0;
};
queued post_mail(body sent, outbox& queue) { return {queue.put(std::string(*sent))}; }
mail_counts show_mails(const outbox& queue) {
  const auto [waiting, sent] = queue.counts();
  return {waiting, sent};
}

constexpr auto routes =
    route_table(route<"GET /rate">([](const rates& now) { return now; }),
                route<"POST /mails">(post_mail), route<"GET /mails">(show_mails));

int main(int argc, char** argv) {
  outbox mails;
  return serve<routes>({.port = 8000}, argc, argv, per_reactor([] { return rates{}; }),
                       shared(mails), background_per_reactor("refresh rates", every(30s), refresh),
                       background("send mails", send_mails));
}
