#!/bin/sh
# Turns the assortment (article, net price in cents, VAT in percent) into the shop's price list: one article
# and its gross price in cents a line. An assortment with a mistake ends with 1, and the shop does not start.
set -eu

assortment=$1
prices=${PRICES:-${TMPDIR:-/tmp}}/prices.tsv

awk -F, '
  NR == 1 { next }
  NF != 3 || $2 !~ /^[0-9]+$/ || $3 !~ /^[0-9]+$/ {
    print FILENAME ":" NR ": not an article, a price in cents and a VAT rate: " $0 > "/dev/stderr"; exit 1
  }
  $1 in seen { print FILENAME ":" NR ": " $1 " is there twice" > "/dev/stderr"; exit 1 }
  { seen[$1]; printf "%s\t%d\n", $1, int($2 * (100 + $3) / 100 + 0.5) }
' "$assortment" > "$prices.new"
mv "$prices.new" "$prices"
echo "$(wc -l < "$prices") articles priced"
