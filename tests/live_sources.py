"""Local servers that answer as the live sources do: addresses, field names and nesting as akshare and edgartools read them.

The amounts are made up for the test, from each company's code, and scaled to the published totals of the exchange.
Nothing here reaches data/: a test copies the tables first. REFRESH_MIRROR and EDGAR_DATA_URL point the libraries here.
"""

import json
import re
import threading
import time
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd

from lib import tables
from lib.rows import cohorts

YEARS = range(2017, 2025)


def statement(code: str, market: str, name: str, year: int, revenue: float, rd, selling, **fields) -> dict:
    """One annual income statement as lrbAjaxNew gives it."""
    row = {
        "SECUCODE": f"{code}.{market}", "SECURITY_CODE": code, "SECURITY_NAME_ABBR": name, "ORG_CODE": f"1{code}",
        "ORG_TYPE": "通用", "REPORT_DATE": f"{year}-12-31 00:00:00", "REPORT_TYPE": "年报",
        "REPORT_DATE_NAME": f"{year}年报", "SECURITY_TYPE_CODE": "058001001",
        "NOTICE_DATE": f"{year + 1}-04-20 00:00:00", "UPDATE_DATE": f"{year + 1}-04-20 00:00:00", "CURRENCY": "CNY",
        "TOTAL_OPERATE_INCOME": revenue, "TOTAL_OPERATE_INCOME_YOY": 8.1, "OPERATE_INCOME": revenue,
        "OPERATE_INCOME_YOY": 8.1, "INTEREST_INCOME": None, "TOTAL_OPERATE_COST": revenue * 0.9,
        "OPERATE_COST": revenue * 0.7, "RESEARCH_EXPENSE": rd, "RESEARCH_EXPENSE_YOY": 5.0, "SALE_EXPENSE": selling,
        "SALE_EXPENSE_YOY": -1.0, "MANAGE_EXPENSE": revenue * 0.05, "ME_RESEARCH_EXPENSE": None,
        "ME_RESEARCH_EXPENSE_YOY": None, "FINANCE_EXPENSE": 1000.0, "NETPROFIT": revenue * 0.1,
        "OPINION_TYPE": "标准无保留意见", "LISTING_STATE": "0",
    }  # fmt: skip
    return row | fields


def bse_statements() -> dict[str, list[dict]]:
    """Statements of all companies of the roster, under the code that the source would use, eight years each."""
    roster = tables.load("bse_roster")
    draw = np.random.default_rng(93)
    size, growth = draw.lognormal(19.6, 0.9, len(roster)), draw.uniform(1.05, 1.3, len(roster))
    rd_share, lean = draw.uniform(0.03, 0.08, len(roster)), draw.lognormal(0.35, 1.0, len(roster))
    day = cohorts.on_board(roster, np.datetime64("2022-04-30")).to_numpy()
    size *= 66.89e9 / size[day].sum()
    rd_share *= 2.8e9 / (rd_share * size)[day].sum()
    later = cohorts.on_board(roster, np.datetime64("2022-09-02")).to_numpy()
    rd_share[later & ~day] *= 0.5e9 / (rd_share * size)[later & ~day].sum()
    from lib.refresh.sources import MOVED

    found = {}
    for i, company in enumerate(roster.to_dict("records")):
        moved = MOVED.get(company["company_id"])
        market = moved[:2] if moved else "BJ"
        newer = company["code_920"] if isinstance(company["code_920"], str) else company["company_id"]
        code = moved[2:] if moved else newer
        found[code] = [
            statement(code, market, company["name_zh"], year, round(size[i] * growth[i] ** (year - 2021), 2),
                      round(rd_share[i] * size[i] * growth[i] ** (year - 2021), 2),
                      round(rd_share[i] * size[i] * 1.02 ** (year - 2021) / lean[i], 2))
            for year in YEARS
        ]  # fmt: skip
    return found


class Sources:
    """The servers: `statements` by code, `hk` and `sec` answers by code and key, `faults` to go wrong with.

    faults: functions of (path, query, how often this address was asked) that give an answer in place of the right
    one, (status, headers, body), or None; the word "reset" breaks the connection, "half" does so midway.
    """

    def __init__(self):
        self.reset()
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"sources": self}))
        server.daemon_threads = True
        self.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.stop = server.shutdown

    def reset(self) -> None:
        """Serve nothing, without faults."""
        self.statements: dict[str, list[dict]] = {}
        self.hk: dict[str, list[dict]] = {}
        self.sec: dict[str, dict] = {}
        self.rate = {}
        self.faults = []
        self.asked: list[tuple[float, str]] = []

    def environment(self) -> dict[str, str]:
        """What makes the libraries ask here, at once and often."""
        return {
            "REFRESH_MIRROR": self.address, "REFRESH_RATE": "2000", "REFRESH_TIMEOUT": "1", "TQDM_DISABLE": "1",
            "EDGAR_DATA_URL": f"{self.address}/data.sec.gov", "EDGAR_IDENTITY": "A Tester tester@example.org",
            "EDGAR_RATE_LIMIT_PER_SEC": "500",
        }  # fmt: skip

    def answer(self, path: str, query: dict) -> tuple[str, bytes]:
        """Content type and body, as the live source would answer."""
        place = path.split("/")[-1]
        if place == "Index":
            return "text/html; charset=utf-8", b'<html><input id="hidctype" type="hidden" value="4" /></html>'
        if place in ("lrbDateAjaxNew", "lrbAjaxNew"):
            rows = self.statements.get(query["code"][2:], [])
            if place == "lrbDateAjaxNew":
                keep = ("SECUCODE", "SECURITY_CODE", "REPORT_DATE", "REPORT_TYPE", "REPORT_DATE_NAME")
                rows = [{key: row[key] for key in keep} for row in reversed(rows)]
            else:
                days = query["dates"].split(",")
                rows = [row for row in reversed(rows) if row["REPORT_DATE"][:10] in days]
            return "application/json; charset=utf-8", _json({"pages": 1, "data": rows, "count": len(rows)})
        if path.startswith("/datacenter.eastmoney.com/"):
            code = re.search(r'SECUCODE="(\d+)\.HK"', query["filter"])[1]
            rows = self.hk.get(code, [])
            if query["reportName"].endswith("SUMMARY"):
                ends = sorted({(r["REPORT_DATE"], r["CURRENCY"]) for r in rows}, reverse=True)
                listed = [
                    {"REPORT_DATE": end, "CURRENCY": money, "REPORT_TYPE": "年报", "FISCAL_YEAR": "12-31"}
                    for end, money in ends
                ]
                rows = [{"SECUCODE": f"{code}.HK", "REPORT_LIST": listed}] if rows else []
            result = {"pages": 1, "data": rows, "count": len(rows)}
            body = {"version": "x", "result": result, "success": True, "message": "ok", "code": 0}
            return "application/json; charset=utf-8", _json(body)
        if place == "forex.php":
            return "text/html", self._forex(query).encode("gbk")
        if found := re.search(r"companyfacts/CIK0*(\d+)\.json", path):
            return "application/json", _json(self.sec[found[1]])
        raise KeyError(path)

    def _forex(self, query: dict) -> str:
        if "call_type" not in query:
            return '<select id="money_code"><option value="EUR">欧元</option><option value="USD">美元</option></select>'
        day, end = date.fromisoformat(query["startdate"]), date.fromisoformat(query["enddate"])
        days = [day + timedelta(i) for i in range((end - day).days + 1)]
        days = [d for d in days if d.weekday() < 5]
        page, pages = int(query["page"]), -(-len(days) // 20)
        rows = "".join(
            f"<tr><td>{d}</td><td>640</td><td>635</td><td>646</td><td>{self.rate[day.year] * 100:.2f}</td><td>641</td></tr>"
            for d in days[(page - 1) * 20 : page * 20]
        )
        links = "".join(f'<a class="page">{n}</a>' for n in [*range(1, pages + 1), "下一页"])
        head = "".join(f"<th>{h}</th>" for h in ("日期", "中行汇买价", "钞买价", "卖价", "央行中间价", "中行折算价"))
        return f"<table><tr>{head}</tr>{rows}</table>{links}"


class _Handler(BaseHTTPRequestHandler):
    sources: Sources
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, or each answer waits for an acknowledgement

    def do_GET(self):
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.sources.asked.append((time.monotonic(), self.path))
        times = sum(path == self.path for _, path in self.sources.asked)
        for fault in self.sources.faults:
            if found := fault(parts.path, query, times):
                return self._go_wrong(found, parts.path, query)
        try:
            kind, body = self.sources.answer(parts.path, query)
        except KeyError:
            return self._send(404, {"Content-Type": "text/plain"}, b"not here")
        self._send(200, {"Content-Type": kind}, body)

    def _go_wrong(self, fault, path, query):
        if fault == "reset":
            self.close_connection = True
            self.connection.close()
        elif fault == "half":
            _, body = self.sources.answer(path, query)
            self._send(
                200, {"Content-Type": "application/json", "Content-Length": str(len(body))}, body[: len(body) // 2]
            )
            self.close_connection = True
        elif fault == "slow":
            time.sleep(1.5)
            self.close_connection = True
        else:
            self._send(*fault)

    def _send(self, status, headers, body):
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


def _json(value) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def sec_facts(key: str, name: str, years: dict[int, dict[str, float]], month: int = 12) -> dict:
    """Company facts as data.sec.gov gives them: concept, unit, then one entry per period and filing."""
    concepts: dict[str, list] = {}
    for year, values in years.items():
        start, end = (f"{year}-04-01", f"{year + 1}-03-31") if month == 3 else (f"{year}-01-01", f"{year}-12-31")
        for filed in (year + 1, year + 2):  # the next report shows the year again, for comparison
            for concept, value in values.items():
                concepts.setdefault(concept, []).append(
                    {
                        "start": start, "end": end, "val": value, "accn": f"0001104659-{filed % 100}-000001",
                        "fy": filed - 1, "fp": "FY", "form": "20-F", "filed": f"{filed}-07-20",
                    }
                )  # fmt: skip
    facts = {
        concept: {"label": concept, "description": concept, "units": {"CNY": entries, "USD": [entries[0] | {"val": 1}]}}
        for concept, entries in concepts.items()
    }
    return {"cik": int(key), "entityName": name, "facts": {"us-gaap": facts}}


def hk_lines(code: str, name: str, year: int, lines: dict[str, float], currency: str = "CNY") -> list[dict]:
    """Lines of one annual income statement as the Hong Kong pages give them: one row per line."""
    return [
        {
            "SECUCODE": f"{code}.HK", "SECURITY_CODE": code, "SECURITY_NAME_ABBR": name, "ORG_CODE": "1",
            "REPORT_DATE": f"{year}-12-31 00:00:00", "DATE_TYPE_CODE": "001", "FISCAL_YEAR": "12-31",
            "START_DATE": f"{year}-01-01 00:00:00", "STD_ITEM_CODE": f"00{i}", "STD_ITEM_NAME": item, "AMOUNT": amount,
            "CURRENCY": currency,
        }
        for i, (item, amount) in enumerate(lines.items())
    ]  # fmt: skip


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def rows(data, table="spending"):
    return pd.read_csv(data / f"{table}.csv", dtype="str", keep_default_na=False)


def cell(data, company, year, column, table="spending"):
    frame = rows(data, table)
    return frame.loc[(frame["company_id"] == company) & (frame["fiscal_year"] == str(year)), column].tolist()


def small(data, count=12):
    """A roster of few companies, and their statements: too few for the published totals to apply."""
    roster = rows(data, "bse_roster").iloc[20 : 20 + count]
    every = bse_statements()
    roster.to_csv(data / "bse_roster.csv", index=False, lineterminator="\n")
    evidence = rows(data, "public_sector")
    evidence[evidence["company_id"].isin(["", *roster["company_id"]])].to_csv(
        data / "public_sector.csv", index=False, lineterminator="\n"
    )
    return {code: every[code] for code in roster["code_920"].where(roster["code_920"] != "", roster["company_id"])}


def age(data, source, day):
    """Make what was fetched today look fetched on `day`."""
    for name in ("spending", "vintages", "sources"):
        path = data / f"{name}.csv"
        text = re.sub(rf"refresh-{source}-[\d-]{{10}}", f"refresh-{source}-{day}", path.read_text(encoding="utf-8"))
        path.write_text(re.sub(r"retrieved \d+ \w+ \d{4}", "retrieved 2 May 2025", text), encoding="utf-8")
